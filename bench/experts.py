"""The shipped expert that a comparison uses, and how its engine is started."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.process import BenchError
from orchestrator.engines.vllm_settings import engine_arguments
from orchestrator.errors import RegistryError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """An expert as its slot would start it."""

    id: str
    engine_args: dict[str, Any]
    #: Threads of one slot.
    threads: int
    #: Tokens that would end its answer.
    stop_token_ids: tuple[int, ...]


def resident(registry_path: Path) -> Resident:
    """The first expert of the registry with weights of its own.

    Raises:
        BenchError: the registry has a fault, or no such expert, or no slot.
    """
    try:
        registry = load(registry_path)
    except RegistryError as exc:
        raise BenchError(exc.message) from exc
    expert = next((e for e in registry.experts if isinstance(e.engine, VllmEngine)), None)
    if expert is None or expert.model is None or not registry.slots:
        raise BenchError(f"{registry_path} has no expert hosted by a slot's own vLLM")
    folder = (registry_path.parent / expert.model).resolve()
    return Resident(
        id=expert.id,
        engine_args=_engine_args(expert, folder, slot=registry.slots[0]),
        threads=max(1, int(registry.slots[0].cpus)),
        stop_token_ids=_stop_token_ids(folder),
    )


def _engine_args(expert: Expert, folder: Path, *, slot: Slot) -> dict[str, Any]:
    return engine_arguments(expert, source=str(folder), on_cpu=slot.accelerators == 0)


def _stop_token_ids(folder: Path) -> tuple[int, ...]:
    noted: set[int] = set()
    for name in ("config.json", "generation_config.json"):
        path = folder / name
        found = json.loads(path.read_bytes()).get("eos_token_id") if path.is_file() else None
        noted |= {found} if isinstance(found, int) else set(found or ())
    return tuple(sorted(noted))

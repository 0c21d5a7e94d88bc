"""Which experts can share one live engine, because their weights differ in value only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import RegistryError, SwapError
from orchestrator.registry.models import Expert, VllmEngine
from orchestrator.registry.weights import read_checkpoint

_NAMES = frozenset({"_name_or_path", "name_or_path", "model_name", "finetuning_task"})
_NOTES = frozenset({"dtype", "torch_dtype", "transformers_version", "vllm_version"})
_PARSERS = frozenset({"tool_parser", "reasoning_parser"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Experts that one engine can be, one after another.

    They have equal architecture, tensor names, shapes and dtypes, and equal engine settings;
    their tokenizers, chat templates and parsers may differ.
    """

    #: Architecture and a digest of what the siblings share, such as `llama-3f9a17c2`.
    id: str
    experts: tuple[Expert, ...]
    #: What relative model paths are relative to.
    root: Path
    #: Bytes of one expert's weights on disk; 0 where they come from a hub.
    num_weight_bytes: int = 0
    #: Whether the engine runs on a CPU.
    on_cpu: bool = True

    def expert(self, expert_id: str) -> Expert | None:
        """The expert of this id, if it is here."""
        return next((expert for expert in self.experts if expert.id == expert_id), None)

    def holds(self, expert: Expert) -> bool:
        """Whether `expert`, as it is configured now, can be one of this lineage; reads headers.

        Raises:
            RegistryError: its checkpoint cannot be read.
        """
        if expert.key in {known.key for known in self.experts}:
            return True
        if not isinstance(expert.engine, VllmEngine):
            return False
        return _identify(expert, self.root, on_cpu=self.on_cpu)[0] == self.id

    def folder(self, expert: Expert) -> Path | None:
        """Where the weights of `expert` lie, `None` for a model of a hub."""
        return model_folder(expert, self.root)


def lineages(experts: Sequence[Expert], root: Path, *, on_cpu: bool = True) -> tuple[Lineage, ...]:
    """Group the experts hosted by vLLM by the engine they can share.

    A model of a hub is alone: its tensors are unknown until it is downloaded. On a CPU so is a
    model with tied embeddings, because vLLM keeps the packed `lm_head` of the first one there.

    Args:
        experts: of any engine kind; others than `vllm` are left out.
        root: what relative model paths are relative to.
        on_cpu: whether the engines will run on a CPU.

    Returns:
        In order of each lineage's first expert; within one, in the order given.

    Raises:
        RegistryError: an expert has no model, or its folder no readable checkpoint.
    """
    groups: dict[str, list[Expert]] = {}
    num_bytes: dict[str, int] = {}
    for expert in experts:
        if isinstance(expert.engine, VllmEngine):
            lineage_id, num_bytes_here = _identify(expert, root, on_cpu=on_cpu)
            groups.setdefault(lineage_id, []).append(expert)
            num_bytes[lineage_id] = num_bytes_here
    return tuple(
        Lineage(
            id=lineage_id,
            experts=tuple(members),
            root=root,
            num_weight_bytes=num_bytes[lineage_id],
            on_cpu=on_cpu,
        )
        for lineage_id, members in groups.items()
    )


def model_folder(expert: Expert, root: Path) -> Path | None:
    """The local folder of an expert's model, `None` where `model` is a hub id.

    Raises:
        RegistryError: the expert names no model.
    """
    if expert.model is None:
        raise RegistryError(f"expert {expert.id!r} has no model; vllm needs a folder or a hub id")
    folder = root / Path(expert.model).expanduser()
    return folder if folder.is_dir() else None


def _identify(expert: Expert, root: Path, *, on_cpu: bool) -> tuple[str, int]:
    folder = model_folder(expert, root)
    if folder is None:
        return f"hub-{expert.key}", 0
    config = _read_config(expert, folder)
    try:
        checkpoint = read_checkpoint(folder)
    except SwapError as exc:
        raise RegistryError(f"expert {expert.id!r}: {exc.message}") from exc
    shared = {
        "config": comparable_config(config),
        "tensors": {name: spec.form for name, spec in checkpoint.tensors.items()},
        "engine": _settings(expert, config, on_cpu=on_cpu),
        "alone": expert.key if on_cpu and config.get("tie_word_embeddings") else None,
    }
    text = json.dumps(shared, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{config.get('model_type', 'model')}-{digest}", checkpoint.num_bytes


def comparable_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A `config.json` less what may differ between siblings: names, token ids, notes, versions."""
    return {
        key: comparable_config(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key not in _NAMES | _NOTES and not key.endswith("_token_id")
    }


def _settings(expert: Expert, config: Mapping[str, Any], *, on_cpu: bool) -> dict[str, Any]:
    settings = expert.engine.model_dump(exclude=set(_PARSERS))
    if settings["dtype"] == "auto":
        noted = config.get("dtype", config.get("torch_dtype", "auto"))
        settings["dtype"] = "float32" if on_cpu else noted
    return settings


def _read_config(expert: Expert, folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
    except OSError as exc:
        raise RegistryError(f"expert {expert.id!r}: {path} cannot be read") from exc
    except ValueError as exc:
        raise RegistryError(f"expert {expert.id!r}: {path} is not JSON: {exc}") from exc
    if not isinstance(config, dict):
        raise RegistryError(f"expert {expert.id!r}: {path} holds no mapping")
    return config

"""The registry that a job is routed by, and what of it must stay the same until the job ends."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.errors import RegistryError, SetupError
from orchestrator.registry.loader import check
from orchestrator.registry.models import Registry
from orchestrator.routing.building import Routers, quick_to_load


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A sound registry, and what tells it from every other."""

    registry: Registry
    #: Of its file and of its routers.
    digest: str


def pinned(path: Path) -> Pinned:
    """Read and check a registry's file, routers too.

    Raises:
        SetupError: there is no such file.
        RegistryError: it has faults, or a router cannot be used; one fault a line.
    """
    if not path.is_file():
        raise SetupError(f"there is no registry {str(path)!r}: name one with --registry")
    checked = check(path.absolute(), engine_args=installed_arguments())
    if checked.registry is None:
        raise RegistryError("\n".join(str(fault) for fault in checked.faults))
    registry = checked.registry
    routers = Routers().load(quick_to_load(registry.routers))
    told = [path.read_text(encoding="utf-8")]
    told += [f"{name} {router.version}" for name, router in sorted(routers.items())]
    return Pinned(registry=registry, digest=hashlib.sha256("\n".join(told).encode()).hexdigest())

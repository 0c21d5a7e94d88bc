"""Routers of a registry file, loaded for a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.errors import SetupError
from orchestrator.registry.faults import nearest
from orchestrator.registry.loader import load
from orchestrator.registry.routers import RouterSpec
from orchestrator.routing.building import Routers
from routers.base import Router


def routers_of(registry: Path, names: Sequence[str]) -> dict[str, Router]:
    """The routers of these names, ready to route.

    Raises:
        RegistryError: the registry has faults, or a router cannot be used.
        SetupError: it has no router of a name.
    """
    specs = load(registry).routers
    for name in names:
        if name not in specs:
            close = nearest(name, tuple(specs))
            meant = f"; did you mean {close!r}?" if close else ""
            raise SetupError(
                f"{str(registry)!r} has no router {name!r}; it has {sorted(specs)}{meant}"
            )
    needed = _with_inner(names, specs)
    loaded = Routers().load({name: spec for name, spec in specs.items() if name in needed})
    return {name: loaded[name] for name in names}


def _with_inner(names: Sequence[str], specs: Mapping[str, RouterSpec]) -> set[str]:
    """These and the routers that they are made of; a registry that was read has no cycles."""
    inner = {id_ for name in names for _, id_ in specs[name].named_routers()}
    return {*names, *(_with_inner(sorted(inner), specs) if inner else ())}

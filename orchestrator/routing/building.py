"""Builds the routers of a registry; those whose entry and files are unchanged are shared.

numpy and what else routers are made of is imported where a router is built: a registry without
routers is served without the extra that brings them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import RegistryError
from orchestrator.registry.models import Registry
from orchestrator.registry.routers import CategoryRouter, RouterSpec, SplitRouter
from orchestrator.routing.languages import language_router
from orchestrator.routing.rules import rules_router
from routers.base import Router, RouterError

#: A router as it was read: its entry, name, size and time of change of each file, and its own
#: routers.
_Read = tuple[str, tuple[tuple[str, int, int], ...], tuple["_Read", ...]]
#: From an entry and the routers it names to the router.
_Build = Callable[[Any, Mapping[str, Router]], Router]


class Routers:
    """Loaded routers, shared by the generations that have them alike."""

    def __init__(self) -> None:
        self._held: dict[_Read, Router] = {}

    def load(self, specs: Mapping[str, RouterSpec]) -> dict[str, Router]:
        """Each router of a registry by its id; references are in order and without cycles.

        Raises:
            RegistryError: a router cannot be used; names it and says why.
        """
        reads: dict[str, _Read] = {}
        return {name: self._router(name, specs, reads) for name in specs}

    def keep(self, registries: Iterable[Registry]) -> None:
        """Forget every router that none of these has."""
        entries = {_entry(spec) for one in registries for spec in one.routers.values()}
        self._held = {read: one for read, one in self._held.items() if read[0] in entries}

    def _router(
        self, name: str, specs: Mapping[str, RouterSpec], reads: dict[str, _Read]
    ) -> Router:
        spec = specs[name]
        inner = {id_: self._router(id_, specs, reads) for _, id_ in spec.named_routers()}
        try:
            read = (_entry(spec), _stamps(spec), tuple(reads[id_] for id_ in inner))
            if read not in self._held:
                self._held[read] = _BUILDERS[spec.kind](spec, inner)
        except (OSError, RouterError) as exc:
            raise RegistryError(f"router {name!r} cannot be used: {exc}") from exc
        reads[name] = read
        return self._held[read]


def quick_to_load(specs: Mapping[str, RouterSpec]) -> dict[str, RouterSpec]:
    """Those without MiniLM, their own routers included, which takes seconds and torch to load."""

    def is_quick(spec: RouterSpec) -> bool:
        own = getattr(spec, "embedder", None) != "minilm"
        return own and all(is_quick(specs[id_]) for _, id_ in spec.named_routers())

    return {name: spec for name, spec in specs.items() if is_quick(spec)}


def _entry(spec: RouterSpec) -> str:
    return spec.model_dump_json()


def _stamps(spec: RouterSpec) -> tuple[tuple[str, int, int], ...]:
    folders = [Path(folder) for _, folder in spec.folders()]
    stats = [(path, path.stat()) for folder in folders for path in sorted(folder.iterdir())]
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats)


def _category(spec: CategoryRouter, _: Mapping[str, Router]) -> Router:
    from routers.artifacts import load_router

    return load_router(spec.artifact, embedder=spec.embedder, fallback=spec.fallback)


def _split(spec: SplitRouter, inner: Mapping[str, Router]) -> Router:
    from routers.split import SplitRouter

    return SplitRouter(routers=inner, shares=spec.shares)


_BUILDERS: Mapping[str, _Build] = {
    "category": _category,
    "split": _split,
    "rules": rules_router,
    "language": language_router,
}

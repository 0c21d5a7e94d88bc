"""From a generation's registry to its programs, with all of the one before that still holds."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Engine
from orchestrator.engines.embedding import FullEngine
from orchestrator.engines.remote import is_remote, remote_engine
from orchestrator.errors import RegistryError
from orchestrator.registry.generations import GenerationRecord
from orchestrator.registry.models import Registry, RouterSpec
from routers.artifacts import load_router
from routers.base import Router, RouterError

#: A router as it was read: its entry, and name, size and time of change of each file.
_Read = tuple[str, tuple[tuple[str, int, int], ...]]


class Loader:
    """Builds programs; routers and upstreams whose entry is unchanged are shared.

    Args:
        dispatch: reaches every expert; reads `remotes` anew for each call.
        remotes: engines that need no slot, by `Expert.key`; filled and emptied here.
        environ: where keys of upstreams are looked up.
    """

    def __init__(
        self,
        dispatch: FullEngine,
        *,
        remotes: dict[str, Engine],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._dispatch = dispatch
        self._remotes = remotes
        self._environ = environ
        self._routers: dict[_Read, Router] = {}

    async def load(self, record: GenerationRecord) -> Programs:
        """Build what `record` says; what is served meanwhile is not touched.

        Raises:
            RegistryError: a router or an upstream cannot be used; names it.
        """
        registry = record.registry
        routers = await asyncio.to_thread(self._load_routers, registry)
        made = {
            expert.key: remote_engine(expert, self._environ)
            for expert in registry.experts
            if is_remote(expert) and expert.key not in self._remotes
        }
        self._remotes |= made
        return Programs(
            registry, generation=record.number, routers=routers, dispatch=self._dispatch
        )

    async def free(self, kept: Iterable[Programs]) -> None:
        """Close every upstream and forget every router that none of `kept` has."""
        registries = [programs.registry for programs in kept]
        keys = {expert.key for one in registries for expert in one.experts}
        gone = [self._remotes.pop(key) for key in set(self._remotes) - keys]
        specs = {_entry(spec) for one in registries for spec in one.routers.values()}
        self._routers = {read: one for read, one in self._routers.items() if read[0] in specs}
        await asyncio.gather(*(engine.close() for engine in gone))

    def _load_routers(self, registry: Registry) -> dict[str, Router]:
        return {name: self._router(name, spec) for name, spec in registry.routers.items()}

    def _router(self, name: str, spec: RouterSpec) -> Router:
        try:
            read = (_entry(spec), _stamp(Path(spec.artifact)))
            if read not in self._routers:
                self._routers[read] = load_router(
                    spec.artifact, embedder=spec.embedder, fallback=spec.fallback
                )
        except (OSError, RouterError) as exc:
            raise RegistryError(f"router {name!r} cannot be used: {exc}") from exc
        return self._routers[read]


def _entry(spec: RouterSpec) -> str:
    return spec.model_dump_json()


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    stats = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)

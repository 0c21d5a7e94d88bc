"""From a generation's registry to its programs, with all of the one before that still holds."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Engine
from orchestrator.engines.embedding import FullEngine
from orchestrator.engines.remote import is_remote, remote_engine
from orchestrator.registry.generations import GenerationRecord
from orchestrator.routing.building import Routers
from orchestrator.routing.shadowing import BesideAnswers

if TYPE_CHECKING:
    from routers.feedback import Tally


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
        self._routers = Routers(shadowing=BesideAnswers())
        self._heard: Mapping[str, Tally] = {}

    async def load(self, record: GenerationRecord) -> Programs:
        """Build what `record` says; what is served meanwhile is not touched.

        Raises:
            RegistryError: a router or an upstream cannot be used; names it.
        """
        registry = record.registry
        routers = await asyncio.to_thread(self._routers.load, registry.routers)
        self._routers.hear(self._heard)  # what was said while they were loaded
        made = {
            expert.key: remote_engine(expert, self._environ)
            for expert in registry.experts
            if is_remote(expert) and expert.key not in self._remotes
        }
        self._remotes |= made
        return Programs(
            registry,
            generation=record.number,
            routers=routers,
            dispatch=self._dispatch,
            named=self._routers.named,
        )

    def hear(self, tallies: Mapping[str, Tally]) -> None:
        """Have routers go by what callers say, those of every generation and later ones."""
        self._heard = tallies
        self._routers.hear(tallies)

    async def free(self, kept: Iterable[Programs]) -> None:
        """Close every upstream and forget every router that none of `kept` has."""
        registries = [programs.registry for programs in kept]
        keys = {expert.key for one in registries for expert in one.experts}
        gone = [self._remotes.pop(key) for key in set(self._remotes) - keys]
        self._routers.keep(registries)
        await asyncio.gather(*(engine.close() for engine in gone))

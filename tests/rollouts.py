"""Small registries and participants that do as told, for tests of rollouts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from orchestrator.errors import RegistryError
from orchestrator.registry.edit import Check, Edit, checker
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.generations import GenerationRecord, Source
from orchestrator.registry.models import Registry
from orchestrator.registry.rollout import Limits, Rollout
from orchestrator.store.base import Store
from orchestrator.store.memory import MemoryStore


def registry_of(*experts: str) -> Registry:
    return Registry.model_validate(
        {"experts": tuple({"id": name, "engine": {"kind": "fake"}} for name in experts)}
    )


def text_of(*experts: str) -> bytes:
    lines = [f"  - {{id: {name}, engine: {{kind: fake}}}}" for name in experts]
    return "\n".join(["version: 1", "experts:", *lines, ""]).encode()


def edit_of(*experts: str, source: Source = "request") -> Edit:
    return Edit(content=text_of(*experts), name="request", folder="/", source=source)


class Crowd:
    """Participants that are ready at once, unless they are held or broken.

    `noted` are the generations they took note of; at every moment they serve the last of them.
    """

    def __init__(self) -> None:
        self.prepared: list[int] = []
        self.dropped: list[int] = []
        self.noted: list[int] = []
        self.is_free = asyncio.Event()
        self.is_free.set()
        self.is_asked = asyncio.Event()
        self.breaks: Exception | None = None

    async def prepare(self, proposed: GenerationRecord) -> None:
        self.prepared.append(proposed.number)
        self.is_asked.set()
        try:
            await self.is_free.wait()
            if self.breaks is not None:
                raise self.breaks
        except BaseException:
            self.dropped.append(proposed.number)
            raise

    def waiting_for(self) -> Mapping[str, str]:
        return {} if self.is_free.is_set() else {"slot 'local'": "engine 'maths' starts"}

    async def flipped(self, live: GenerationRecord) -> None:
        self.noted.append(live.number)

    def hold(self) -> None:
        """Be ready only once `is_free` is set."""
        self.is_free.clear()
        self.is_asked.clear()


UNWILLING = RegistryError("gateway 'g1' cannot load router 'topic': no manifest")


class Site:
    """A rollout over a store, with everything it was given at hand."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        limits: Limits | None = None,
        check: Check | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        self.crowd = Crowd()
        self.now_s = 100.0
        self.generations = StoredGenerations(self.store, clock=lambda: self.now_s)
        self.rollout = Rollout(
            self.generations,
            self.crowd,
            check=check or checker(environ={}),
            limits=limits or Limits(),
            clock=lambda: self.now_s,
        )

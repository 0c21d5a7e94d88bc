"""Small registries and participants that do as told, for tests of rollouts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import RegistryError, StoreError
from orchestrator.registry.attempt import Attempt
from orchestrator.registry.control import Control
from orchestrator.registry.edit import Check, Edit, checker
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.generations import GenerationRecord, Source
from orchestrator.registry.models import Registry
from orchestrator.registry.registry_file import Pause, RegistryFile
from orchestrator.registry.rollout import Limits, Rollout, Settled
from orchestrator.store.base import Store
from orchestrator.store.memory import MemoryStore


def registry_of(*experts: str) -> Registry:
    return Registry.model_validate(
        {"experts": tuple({"id": name, "engine": {"kind": "fake"}} for name in experts)}
    )


def text_of(*experts: str) -> bytes:
    lines = [f"  - {{id: {name}, engine: {{kind: fake}}}}" for name in experts]
    return "\n".join(["version: 1", "experts:", *lines, ""]).encode()


def edit_of(*experts: str, source: Source = "request", file_sha256: str | None = None) -> Edit:
    return Edit(
        content=text_of(*experts),
        name="request",
        folder="/",
        source=source,
        file_sha256=file_sha256,
    )


async def ended(begun: Attempt | Settled) -> GenerationRecord:
    """What is live once an edit has ended."""
    return begun.live if isinstance(begun, Settled) else await begun.outcome()


class WeakStore(MemoryStore):
    """A store that is away while told so, at once or after some calls."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        #: Calls that are answered before it goes away, for ever by default.
        self.num_left: int | None = None
        #: The next compare-and-set happens, but its answer is lost.
        self.loses_an_answer = False

    async def compare_and_set(self, key: str, *, expected: bytes | None, value: bytes) -> bool:
        done = await super().compare_and_set(key, expected=expected, value=value)
        if self.loses_an_answer:
            self.loses_an_answer = False
            raise StoreError("the store's answer was lost", retry_after_s=1.0)
        return done

    async def get(self, key: str) -> bytes | None:
        self._answer()
        return await super().get(key)

    async def set(self, key: str, value: bytes, *, expires_s: float | None = None) -> None:
        self._answer()
        await super().set(key, value, expires_s=expires_s)

    async def publish(self, channel: str, message: bytes) -> None:
        self._answer()
        await super().publish(channel, message)

    def _answer(self) -> None:
        if self.num_left is not None:
            self.num_left -= 1
            self.is_away = self.is_away or self.num_left < 0
        if self.is_away:
            raise StoreError("the store is away", retry_after_s=1.0)


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
        self.is_ready = asyncio.Event()
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
        self.is_ready.set()

    def waiting_for(self) -> Mapping[str, str]:
        return {} if self.is_free.is_set() else {"slot 'local'": "engine 'maths' starts"}

    async def switched(self, number: int) -> None:
        assert number in self.noted

    def serving(self) -> Mapping[str, int]:
        return {"g1": self.noted[-1]} if self.noted else {}

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
        self.store = store or WeakStore()
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

    def file(self, path: Path, *, pause: Pause | None = None) -> RegistryFile:
        """The registry file; waiting passes no time but on this site's clock."""

        def clock() -> float:
            return self.now_s

        return RegistryFile(
            path, self.rollout, clock=clock, monotonic=clock, pause=pause or self.pause
        )

    async def pause(self, seconds: float) -> None:
        self.now_s += seconds

    async def control(self, path: Path) -> Control:
        """Everything operators may ask, with what the file says live."""
        file = self.file(path)
        await ended((await file.reload())[1])
        return Control(self.rollout, self.generations, file)

"""A host of siblings: when to reload, when to restart, and what to believe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.canaries import Canaries
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.traffic import Traffic
from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    NotHostedError,
    RegistryError,
    SwapError,
)
from orchestrator.registry.models import Expert
from orchestrator.residency.state import Rung

_logger = logging.getLogger(__name__)


class Running(Protocol):
    """A started engine, as far as swaps are concerned."""

    @property
    def expert(self) -> Expert:
        """Whose weights were loaded last."""
        ...

    @property
    def num_unfinished(self) -> int:
        """Requests the engine has not ended."""
        ...

    def prepare(self, expert: Expert) -> None:
        """Read what is needed of `expert`; `SwapError` where its tensors do not fit.

        An adapter is compared with the base whose weights were loaded last.
        """
        ...

    async def reload(self, expert: Expert) -> None:
        """Load the weights of `expert` in place; `SwapError` where only a restart helps.

        Adapters are gone then.
        """
        ...

    async def add(self, adapter: Expert) -> None:
        """Put an adapter on the weights; `SwapError` where the engine refuses it and goes on."""
        ...

    async def remove(self, adapter: Expert) -> None:
        """Take an adapter away."""
        ...

    async def prove(self, canaries: Canaries, expert: Expert, *, is_fresh: bool) -> None:
        """Raise `SwapError` unless what answers for `expert`, loaded or added, is its own."""
        ...

    def generate(self, expert: Expert, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer for `expert`, whose weights are loaded or which was added to them."""
        ...

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed with the weights that are loaded."""
        ...

    def check(self) -> None:
        """Raise `EngineDeadError` when the engine is gone."""
        ...

    async def close(self) -> None:
        """End the engine; calls in flight fail with `EngineDeadError`."""
        ...


class SiblingHost:
    """See `Host`; `start` makes one.

    Args:
        lineage: the experts it can become.
        begin: starts an engine with the weights of one of them.
    """

    def __init__(
        self, lineage: Lineage, begin: Callable[[Lineage, Expert], Awaitable[Running]]
    ) -> None:
        self.lineage = lineage
        self.residents: tuple[Expert, ...] = ()
        self._keys: tuple[str, ...] = ()
        self.max_adapters = lineage.max_adapters
        self.rung: Rung = "serving"
        self.rungs: tuple[Rung, ...] = ("serving", "stopped")
        self._begin = begin
        self._running: Running | None = None
        self._canaries = Canaries()
        self._swapping = asyncio.Lock()
        self._traffic = Traffic()
        #: Whether a swap ended half-way, so that only a restart can be trusted.
        self._is_torn = False

    @property
    def num_unfinished(self) -> int:
        """Requests the engine has not ended."""
        return 0 if self._running is None else self._running.num_unfinished

    async def start(self, expert: Expert) -> None:
        """Start an engine with `expert` and prove its weights.

        Raises:
            EngineDeadError: it could not be started.
            SwapError: the weights are not what the expert's recorded canary says.
        """
        running = await self._begin(self.lineage, expert)
        try:
            await running.prove(self._canaries, expert, is_fresh=True)
        except BaseException:
            await running.close()
            raise
        self._running = running
        self._hold(expert)

    async def add_known(self) -> None:
        """Add the lineage's adapters on the weights that are loaded, ahead of their use.

        One that cannot be added is left out: whoever asks for it will hear why.
        """
        for expert in self.lineage.experts:
            if len(self.residents) > self.max_adapters:
                return
            if expert.is_adapter and expert.model == self.residents[0].model:
                try:
                    await self.add(expert)
                except SwapError as exc:
                    _logger.warning("adapter %r is left out: %s", expert.id, exc.message)

    def can_become(self, expert: Expert) -> bool:
        """Whether `expert`, as it is configured now, belongs to the lineage."""
        return self.lineage.holds(expert)

    async def become(self, expert: Expert) -> None:
        """Reload the weights of `expert` in place and prove them; see `Host.become`.

        What can be refused is refused first, from the headers, and leaves the previous expert
        serving. When the reload itself fails the engine is started anew with `expert`, and when
        that fails too, with the previous one.
        """
        async with self._swapping:
            running = self._checked()
            await asyncio.to_thread(self._prepare, running, expert)
            previous = running.expert
            await self._drain(*self.residents)
            was_torn, self._is_torn = self._is_torn, True
            try:
                if was_torn:
                    raise SwapError("the swap before was interrupted")
                await running.reload(expert)
                await running.prove(self._canaries, expert, is_fresh=False)
                self._hold(expert)
            except SwapError as exc:
                _logger.warning("restarting the engine for expert %r: %s", expert.id, exc.message)
                await self._restart(expert, previous)
            finally:
                self._is_torn = not self.residents

    async def add(self, expert: Expert, *, instead_of: Expert | None = None) -> None:
        """Put an adapter on the weights that are loaded; see `Host.add`.

        What can be refused is refused first, from the headers, before another is taken away. An
        adapter whose canary differs is taken away again.
        """
        async with self._swapping:
            running = self._checked()
            await asyncio.to_thread(self._prepare_adapter, running, expert)
            if instead_of is not None:
                await self._drain(instead_of)
                await running.remove(instead_of)
            if len(self.residents) > self.max_adapters:
                raise SwapError(
                    f"adapter {expert.id!r} has no room beside "
                    f"{[one.id for one in self.residents[1:]]}: max_loras is {self.max_adapters}"
                )
            try:
                await running.add(expert)
                await running.prove(self._canaries, expert, is_fresh=False)
            except BaseException:
                await running.remove(expert)
                raise
            self._hold(*self.residents, expert)

    async def sleep(self, rung: Rung) -> None:
        """Step down the ladder; see `Host.sleep`."""
        raise SwapError(
            f"the engine of lineage {self.lineage.id!r} cannot be {rung}: it has no sleep"
        )

    async def wake(self, expert: Expert) -> None:
        """Come back holding `expert`; see `Host.wake`."""
        raise SwapError(f"the engine of lineage {self.lineage.id!r} does not sleep: {expert.id!r}")

    async def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer for a resident expert; see `Engine.generate`.

        Raises:
            NotHostedError: it is not resident, or a swap is under way.
        """
        running = self._checked()
        expert, key = self._resident(call)
        with self._traffic.passing(key):
            async with aclosing(running.generate(expert, call)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed for the resident expert; raises as `generate`."""
        running = self._checked()
        with self._traffic.passing(self._resident(call)[1]):
            return await running.embed(call)

    async def check(self) -> None:
        """Raise `EngineDeadError` when the engine can no longer generate."""
        self._checked()

    async def close(self) -> None:
        """End the engine; calls in flight fail with `EngineDeadError`."""
        self._hold()
        running, self._running = self._running, None
        if running is not None:
            await running.close()

    def _resident(self, call: AnyCall) -> tuple[Expert, str]:
        """Who answers `call`, and its key; a call without a version means any of that id."""
        for expert, key in zip(self.residents, self._keys, strict=True):
            if key == call.key or (expert.id == call.expert and not call.version):
                return expert, key
        raise NotHostedError(
            f"expert {call.expert!r} is not resident in this engine; "
            f"{[expert.id for expert in self.residents]} are"
        )

    def _hold(self, *experts: Expert) -> None:
        self.residents = experts
        self._keys = tuple(expert.key for expert in experts)

    async def _drain(self, *leaving: Expert) -> None:
        """Admit no call for these residents and wait for those in flight.

        An engine's own pause is not enough: a call that was admitted here and reaches the engine
        after the pause would be answered by the next expert's weights.
        """
        before = self.residents
        self._hold(*(one for one in before if one not in leaving))
        try:
            await self._traffic.ended(expert.key for expert in leaving)
        except asyncio.CancelledError:
            self._hold(*before)
            raise

    def _checked(self) -> Running:
        if self._running is None:
            raise EngineDeadError(f"the engine of lineage {self.lineage.id!r} is closed")
        self._running.check()
        return self._running

    def _prepare(self, running: Running, expert: Expert) -> None:
        try:
            is_sibling = self.can_become(expert)
        except RegistryError as exc:
            raise SwapError(exc.message) from exc
        if not is_sibling:
            raise SwapError(
                f"expert {expert.id!r} is not of lineage {self.lineage.id!r}; an engine of its "
                "own is needed"
            )
        running.prepare(expert)

    def _prepare_adapter(self, running: Running, expert: Expert) -> None:
        loaded = self.residents[0] if self.residents else None
        if loaded is None or not expert.is_adapter or expert.model != loaded.model:
            raise SwapError(
                f"expert {expert.id!r} is no adapter on the weights that are loaded; "
                f"{loaded.id if loaded else None!r} is"
            )
        self._prepare(running, expert)

    async def _restart(self, expert: Expert, previous: Expert) -> None:
        await self.close()
        try:
            await self.start(expert)
        except EngineError as exc:
            await self.start(previous)
            raise SwapError(
                f"expert {expert.id!r} could not be loaded, not even into a fresh engine, which "
                f"serves {previous.id!r} again: {exc.message}"
            ) from exc

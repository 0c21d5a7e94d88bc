"""A host of siblings: when to reload, when to restart, and what to believe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Protocol

from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.canaries import Canaries
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.lineage import Lineage
from orchestrator.errors import EngineDeadError, EngineError, NotHostedError, SwapError
from orchestrator.registry.models import Expert

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
        """Read what is needed of `expert`; `SwapError` where its tensors do not fit."""
        ...

    async def reload(self, expert: Expert) -> None:
        """Load the weights of `expert` in place; `SwapError` where only a restart helps."""
        ...

    async def prove(self, canaries: Canaries, *, is_fresh: bool) -> None:
        """Raise `SwapError` unless the weights are those of `expert`."""
        ...

    def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer with the weights that are loaded."""
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
        self.resident: str | None = None
        self._begin = begin
        self._running: Running | None = None
        self._canaries = Canaries()
        self._swapping = asyncio.Lock()
        self._num_in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
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
            await running.prove(self._canaries, is_fresh=True)
        except BaseException:
            await running.close()
            raise
        self._running = running
        self.resident = expert.id

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
            await self._drain()
            was_torn, self._is_torn = self._is_torn, True
            try:
                if was_torn:
                    raise SwapError("the swap before was interrupted")
                await running.reload(expert)
                await running.prove(self._canaries, is_fresh=False)
                self.resident = expert.id
            except SwapError as exc:
                _logger.warning("restarting the engine for expert %r: %s", expert.id, exc.message)
                await self._restart(expert, previous)
            finally:
                self._is_torn = self.resident is None

    async def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer for the resident expert; see `Engine.generate`.

        Raises:
            NotHostedError: another expert is resident, or a swap is under way.
        """
        running = self._holding(call)
        with self._in_flight():
            async with aclosing(running.generate(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed for the resident expert; raises as `generate`."""
        running = self._holding(call)
        with self._in_flight():
            return await running.embed(call)

    async def check(self) -> None:
        """Raise `EngineDeadError` when the engine can no longer generate."""
        self._checked()

    async def close(self) -> None:
        """End the engine; calls in flight fail with `EngineDeadError`."""
        self.resident = None
        running, self._running = self._running, None
        if running is not None:
            await running.close()

    @contextmanager
    def _in_flight(self) -> Iterator[None]:
        self._num_in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._num_in_flight -= 1
            if self._num_in_flight == 0:
                self._idle.set()

    async def _drain(self) -> None:
        """Admit no call and wait for those in flight.

        An engine's own pause is not enough: a call that was admitted here and reaches the engine
        after the pause would be answered by the next expert's weights.
        """
        before, self.resident = self.resident, None
        try:
            await self._idle.wait()
        except asyncio.CancelledError:
            self.resident = before
            raise

    def _checked(self) -> Running:
        if self._running is None:
            raise EngineDeadError(f"the engine of lineage {self.lineage.id!r} is closed")
        self._running.check()
        return self._running

    def _holding(self, call: AnyCall) -> Running:
        running = self._checked()
        if call.expert != self.resident:
            raise NotHostedError(
                f"expert {call.expert!r} is not resident in this engine; {self.resident!r} is"
            )
        return running

    def _prepare(self, running: Running, expert: Expert) -> None:
        if not self.can_become(expert):
            raise SwapError(
                f"expert {expert.id!r} is not of lineage {self.lineage.id!r}; an engine of its "
                "own is needed"
            )
        running.prepare(expert)

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

"""From expert to engine: one hop, by a table, with another try where that is safe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from orchestrator.engines.base import Call, Engine, Item
from orchestrator.engines.circuits import Circuit
from orchestrator.engines.embedding import AnyCall, EmbedCall, Embedder, Vectors
from orchestrator.engines.hints import Hinted
from orchestrator.engines.notices import Notice
from orchestrator.engines.streams import Bound, reading
from orchestrator.engines.tables import Refresh, Tables
from orchestrator.engines.unanswered import (
    exhausted,
    late,
    left_alone,
    no_table,
    stalled,
    stopping,
)
from orchestrator.engines.whereabouts import Whereabouts
from orchestrator.errors import (
    EngineDeadError,
    NotHostedError,
    OrchestratorError,
    OverloadedError,
    SwapError,
    UnsupportedParameterError,
)
from orchestrator.residency.load import Load, LoadMeter
from orchestrator.residency.placement import DispatchTable

#: Failures after which another slot may still answer, as long as no chunk was yielded.
_ELSEWHERE = (EngineDeadError, OverloadedError, SwapError)
#: Past its time a call is given up here; the engine, which knows why, is to say so first.
_GRACE_S = 0.5

C = TypeVar("C", Call, EmbedCall)
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """One call and what was tried for it."""

    call: AnyCall
    began_s: float
    #: When the engine that has it now was asked.
    sent_s: float = 0.0
    failures: dict[str, OrchestratorError] = field(default_factory=dict)
    has_refreshed: bool = False
    has_begun: bool = False


class Dispatch:
    """A `FullEngine` for every expert, with `Foresight`: slots by table, upstreams by expert.

    Args:
        table: where experts are hosted; replaced by `adopt` and after a refusal.
        slots: engine of each slot by name.
        remotes: engines of the experts that run elsewhere, by `Expert.key`. Both are read anew
            for each call, so that their owner may change them.
        refresh: asks the Conductor for the newest table; one question at a time.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        table: DispatchTable,
        *,
        slots: Mapping[str, Engine],
        remotes: Mapping[str, Engine],
        refresh: Refresh,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._where = Whereabouts(table, slots=slots, remotes=remotes, clock=clock)
        self._remotes = remotes
        self._tables = Tables(refresh=refresh, adopt=self.adopt)
        self._clock = clock
        self._meter = LoadMeter(clock=clock)
        #: Of the calls under way.
        self._bounds: set[Bound] = set()
        self._is_over = False

    @property
    def table(self) -> DispatchTable:
        """The table held."""
        return self._where.table

    @property
    def load(self) -> Load:
        """What experts of slots were asked for lately, through this gateway."""
        return self._meter.load()

    @property
    def circuits(self) -> tuple[Circuit, ...]:
        """Circuits of engines that failed lately, as this gateway has them."""
        return self._where.circuits

    def adopt(self, table: DispatchTable) -> None:
        """Dispatch by `table` from now on, whatever generation a call is pinned to.

        A table of a Conductor that does not know of homes yet leaves those that were known.
        """
        self._where.adopt(table)
        self._tables.come()

    def give_up(self) -> None:
        """End all calls under way and refuse others: the service stops."""
        self._is_over = True
        for bound in tuple(self._bounds):
            bound.end()

    def generate(self, call: Call) -> AsyncGenerator[Item, None]:
        """Stream the answer of whichever slot takes the call; see `Engine.generate`.

        A slot that refuses, is full or dies before its first chunk is replaced by another that
        hosts the expert; after the first chunk nothing is tried again. Notices are no chunks.

        Raises:
            ExpertUnavailableError: nothing that hosts the expert can be reached.
        """
        return self._tried(call, _generated)

    async def embed(self, call: EmbedCall) -> Vectors:
        """The vectors of whichever slot takes the call, with other tries as for `generate`.

        Raises:
            ExpertUnavailableError: nothing that hosts the expert can be reached.
            UnsupportedParameterError: what hosts it does not embed.
        """
        async with reading(self._tried(call, _embedded)) as found:
            return await anext(found)

    def hint(self, key: str) -> None:
        """Tell the slot that would be asked for this expert now; see `Hinted`."""
        slot = self._where.best_slot(key)
        if isinstance(slot, Hinted):
            slot.hint(key)

    def unreachable(self, keys: frozenset[str]) -> Mapping[str, str]:
        """Who would hardly be answered now, and why; see `Foresight`."""
        return self._where.unreachable(keys)

    def answer_s(self, key: str) -> float:
        """Seconds in which one more call would have been answered; see `Foresight`."""
        return self._where.answer_s(key)

    async def close(self) -> None:
        """Close the upstreams; the slots belong to the service."""
        self._tables.close()
        await asyncio.gather(*(engine.close() for engine in self._remotes.values()))

    async def _tried(
        self, call: C, ask: Callable[[Engine, C], AsyncIterator[T]]
    ) -> AsyncGenerator[T, None]:
        """What `ask` yields of the engine that takes the call; another is tried before that."""
        attempt = _Attempt(call=call, began_s=self._clock())
        if call.key not in self._remotes and not call.is_background:
            self._meter.note(call.key, request=call.id)
        while True:
            name, engine = await self._pick(attempt)
            try:
                sent = self._send(call, attempt, name=name, items=partial(ask, engine))
                async with reading(sent) as items:
                    async for item in items:
                        attempt.has_begun = not isinstance(item, Notice)
                        yield item
                self._where.took(name, call.key, self._clock() - attempt.sent_s)
                return
            except OrchestratorError as error:
                self._where.failed(name, call.key, error)
                if attempt.has_begun or not isinstance(error, (NotHostedError, *_ELSEWHERE)):
                    raise
                await self._note(attempt, name, error)

    async def _pick(self, attempt: _Attempt) -> tuple[str, Engine]:
        """The engine to try next; a table without the expert may be an old one.

        Raises:
            ExpertUnavailableError: all were tried, or there is none.
            OverloadedError, SwapError: all were tried, and this was the last to fail.
        """
        expert, key = attempt.call.expert, attempt.call.key
        if self._is_over:
            raise stopping(expert)
        engines = self._where.engines(expert, key)
        if not engines and not attempt.has_refreshed:
            await self._newest_for(attempt)
            engines = self._where.engines(expert, key)
        while not engines and self._where.is_awaited(key):
            await self._next_table(attempt)
            engines = self._where.engines(expert, key)
            attempt.failures.clear()  # of a process that is another one by now
        untried = [name for name in engines if name not in attempt.failures]
        if not untried or not _may_try(attempt):
            raise self._exhausted(attempt)
        name = self._where.best(untried, key, planned=attempt.call.slot)
        if (refusing_s := self._where.refusing_s(name, key)) is not None:
            raise left_alone(expert, refusing_s)
        attempt.sent_s = self._clock()
        return name, engines[name]

    async def _next_table(self, attempt: _Attempt) -> None:
        """Wait for the slots that are being restarted, as long as the call may wait.

        Raises:
            ExpertUnavailableError: they are not back by then.
        """
        bounds = (attempt.call.max_wait_s, attempt.call.timeout_s)
        left_s = [self._left_s(attempt, one) for one in bounds if one is not None]
        try:
            async with asyncio.timeout(min((s for s in left_s if s is not None), default=None)):
                await self._tables.next()
        except TimeoutError as error:
            raise self._exhausted(attempt) from error

    async def _send(
        self, call: C, attempt: _Attempt, *, name: str, items: Callable[[C], AsyncIterator[T]]
    ) -> AsyncIterator[T]:
        left_s = self._left_s(attempt, call.timeout_s)
        wait_s = self._left_s(attempt, call.max_wait_s)
        self._where.begin(name, call.key)
        is_unbound = left_s is None or call.is_background
        bound = Bound(None if is_unbound or left_s is None else left_s + _GRACE_S)
        self._bounds.add(bound)
        try:
            async with reading(
                items(replace(call, timeout_s=left_s, max_wait_s=wait_s, retries=None))
            ) as received:
                while (item := await bound.next(received)) is not None:
                    if not attempt.has_begun and not isinstance(item, Notice):
                        _watch(bound, call)
                    yield item
        except TimeoutError as error:
            if self._is_over:
                raise stopping(call.expert) from error
            raise (stalled if bound.is_stalled else late)(call) from error
        finally:
            bound.stop()
            self._bounds.discard(bound)
            self._where.end(name, call.key)

    def _left_s(self, attempt: _Attempt, whole_s: float | None) -> float | None:
        """What other tries have left of a call's time."""
        if whole_s is None:
            return None
        return max(attempt.began_s + whole_s - self._clock(), 0.0)

    async def _note(self, attempt: _Attempt, name: str, error: OrchestratorError) -> None:
        """Remember the failure; after the first refusal ask for a new table and start over."""
        if isinstance(error, NotHostedError) and not attempt.has_refreshed:
            await self._newest_for(attempt)
        else:
            attempt.failures[name] = error

    async def _newest_for(self, attempt: _Attempt) -> None:
        attempt.has_refreshed = True
        try:
            await self._tables.newest()
        except OrchestratorError as error:
            raise no_table(attempt.call.expert, error) from error

    def _exhausted(self, attempt: _Attempt) -> OrchestratorError:
        """What to tell the caller when no engine is left to try."""
        call = attempt.call
        return exhausted(call.expert, attempt.failures, nowhere=self._where.nowhere(call))


def _may_try(attempt: _Attempt) -> bool:
    """Whether the request may try once more; a table that was out of date cost nobody a try."""
    retries = attempt.call.retries
    return retries is None or not attempt.failures or retries.take()


def _generated(engine: Engine, call: Call) -> AsyncIterator[Item]:
    return engine.generate(call)


async def _embedded(engine: Engine, call: EmbedCall) -> AsyncIterator[Vectors]:
    if not isinstance(engine, Embedder):
        raise UnsupportedParameterError(
            f"expert {call.expert!r}: its {type(engine).__name__} does not embed", param="model"
        )
    yield await engine.embed(call)


def _watch(bound: Bound, call: AnyCall) -> None:
    """Bound what follows the first chunk: whatever comes before it, calls wait for their turn."""
    if isinstance(call, Call) and call.stall_s is not None and not call.is_background:
        bound.watch(call.stall_s)

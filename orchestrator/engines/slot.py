"""A slot: the engines of one node's share, their one queue, and the experts they stand for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from orchestrator import metrics
from orchestrator.costs.costs import Costs
from orchestrator.engines.answering import Answering
from orchestrator.engines.base import Call, Item
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.hints import Hints
from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.prefetching import Prefetching
from orchestrator.engines.read_ahead import ReadAhead
from orchestrator.engines.recent_uses import RecentUses
from orchestrator.engines.reporting import Reporting
from orchestrator.engines.roles import Roles
from orchestrator.engines.seat import Seat
from orchestrator.engines.seats import Seats
from orchestrator.engines.slot_report import HostReport, SlotReport, Waiting
from orchestrator.engines.slot_spans import SlotSpans
from orchestrator.engines.streams import reading
from orchestrator.errors import EngineDeadError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import Clock
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.loop import SlotLoop
from orchestrator.residency.places import Wishes
from orchestrator.residency.policy import Policy
from orchestrator.residency.roster import Room
from orchestrator.residency.turn import Turn
from orchestrator.tracing.tracing import Tracing

__all__ = ["HostReport", "Slot", "SlotReport", "Waiting"]


class Slot:
    """A `FullEngine` for every expert its engines can become, by `Expert.key`.

    Engines come and go, and so do the experts each stands for, while the others serve.

    Args:
        name: the slot's name, as the dispatch table has it.
        clock: a running event loop, or a manual clock.
        limits: what each engine takes at once and what may wait.
        policy: decides for all of them; `Bounded` where none is given.
        costs: what steps and calls take here.
        read_ahead: brings weights into the page cache before they are needed; `None` brings none.
        tracing: where spans of calls and steps go; without one nobody records any.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        limits: LoopLimits | None = None,
        policy: Policy | None = None,
        costs: Costs | None = None,
        read_ahead: ReadAhead | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._name = name
        self._clock = clock
        self._hints = Hints()
        self._spans = SlotSpans(name, tracing)
        self._seats = Seats(name, on_gone=self._forget, spans=self._spans)
        self._answering = Answering(self._seats, slot=name, clock=clock)
        self.loop = SlotLoop(
            self._seats,
            clock=clock,
            limits=limits,
            costs=costs,
            policy=policy,
            hints=lambda: self.hints,
            at_rest=self._look_ahead,
        )
        self._prefetching = None
        if read_ahead is not None:
            self._prefetching = Prefetching(
                read_ahead,
                lambda: (self.loop.state, self.loop.desk.queues.served),
                costs=self.loop.costs,
                hints=lambda: self.hints,
                clock=clock,
                count=lambda outcome: metrics.PREFETCHES.labels(name, outcome).inc(),
            )
        self._roles = Roles(name, self._seats, self.loop)
        self._uses = RecentUses()
        self._reporting = Reporting(name, self.loop, self._seats, uses=self._uses, keys=self.keys)

    @property
    def limits(self) -> LoopLimits:
        """What the slot goes by."""
        return self.loop.limits

    @property
    def is_stepping(self) -> bool:
        """Whether a step of an engine is under way."""
        return any(book.task is not None for book in self.loop.engines)

    @property
    def engines(self) -> Mapping[str, Seat]:
        """Its engines by id."""
        return self._seats

    def seat(self, lineage: str, host: Host, experts: Sequence[Expert]) -> None:
        """Take in a live engine that is not started again, and calls for what it can become."""
        self.add(lineage, Seat(lineage, host=host))
        self.hold((*self._roles.wanted, lineage))
        self.assign(lineage, experts)

    def add(self, engine_id: str, seat: Seat) -> None:
        """Take in an engine, wherever it stands; `hold` and `assign` say what becomes of it."""
        self._seats.put(engine_id, seat)
        self.loop.engines.take_in(engine_id, seat)

    def hold(self, engine_ids: Sequence[str], *, room: Room | None = None) -> None:
        """Hold these engines, in the order in which they come up ahead of need, and no others.

        Others end once nobody waits for what only they can become.

        Args:
            engine_ids: of engines that were added.
            room: what the slot has for them.
        """
        self.loop.engines.want(engine_ids, room=room or self.loop.engines.room)
        self._roles.want(engine_ids)
        self.loop.advance()

    def assign(self, lineage: str, experts: Sequence[Expert]) -> None:
        """Take calls for exactly these experts of a lineage.

        Calls for others are refused from now on; those that wait or run are answered.
        """
        self._roles.assign(lineage, experts)
        self.loop.advance()

    def foresee(self, lineages: Sequence[Lineage]) -> None:
        """Weights of these lineages, and of no others, may be brought ahead of need."""
        if self._prefetching is not None:
            self._prefetching.hold(lineages)

    def keys(self, lineage: str) -> frozenset[str]:
        """What calls are taken for of a lineage."""
        return self._roles.keys(lineage)

    def generate(self, call: Call) -> AsyncIterator[Item]:
        """Wait for the expert's turn, then stream its engine's answer; see `Engine.generate`.

        A call whose engine dies before it has yielded anything waits once more. Who waits hears of
        it; a caller that does not read along hears its place and its wait alone. A background call
        is answered whole, since it waits again where its turn is called back.

        Raises:
            NotHostedError: that version of the expert is not hosted here.
            OverloadedError: the queue is full, or the wait would be too long.
        """
        return self._whole(call) if call.is_background else self._streamed(call)

    async def _streamed(self, call: Call) -> AsyncIterator[Item]:
        async with (
            self._turn(call) as turn,
            reading(self._answering.streamed(turn, call)) as items,
        ):
            async for item in items:
                yield item

    async def _whole(self, call: Call) -> AsyncIterator[Item]:
        async with self._turn(call) as turn:
            items = await self._answering.whole(turn, call)
        for item in items:
            yield item

    async def embed(self, call: EmbedCall) -> Vectors:
        """Wait for the expert's turn, then have its engine embed; raises as `generate`."""
        async with self._turn(call) as turn:
            return await self._answering.vectors(turn, call)

    async def load(self, key: str) -> None:
        """Bring an expert up as a call for it would; raises as `generate` does of waiting."""
        self._roles.check_hosted(key)
        await self.loop.errands.load(key)

    async def unload(self, key: str) -> None:
        """Have the engines that hold an expert step down once nobody needs them, and wait for it.

        They stay down until they are called. Raises `NotHostedError` as `generate` does.
        """
        self._roles.check_hosted(key)
        await self.loop.errands.unload(key)

    def pin(self, key: str) -> None:
        """Keep an expert wherever it is resident; raises `NotHostedError` as `generate` does."""
        self._roles.check_hosted(key)
        self.loop.engines.pin(key)

    def unpin(self, key: str) -> None:
        """Let an expert be treated like others again; raises `NotHostedError` likewise."""
        self._roles.check_hosted(key)
        self.loop.engines.unpin(key)
        self.loop.advance()

    def hint(self, key: str) -> None:
        """See `Hinted`; what is not hosted here is left aside."""
        if key in self._roles:
            self._hints.note(key, now_s=self._clock.time())
            self.loop.advance()

    @property
    def hints(self) -> Mapping[str, float]:
        """Experts that are announced, by `Expert.key`, and when, by the clock."""
        return self._hints.held(now_s=self._clock.time())

    def bound(self, limits: LoopLimits) -> None:
        """Hold every engine and the queue to these limits."""
        self.loop.bound(limits)

    async def check(self) -> None:
        """Ask every engine whether it lives; one that died starts again."""
        for engine_id, seat in list(self._seats.items()):
            try:
                await seat.check()
            except EngineDeadError as error:
                self.loop.report_dead(engine_id, error)

    async def settled(self) -> None:
        """Wait until the steps under way, and those that follow from them, have ended."""
        await self.loop.settled()

    def describe(self) -> SlotReport:
        """What is hosted, resident, running and waiting now."""
        return self._reporting.report()

    async def close(self) -> None:
        """Refuse who waits, then end every engine; calls in flight fail with `EngineDeadError`."""
        await self.loop.close()
        if self._prefetching is not None:
            await self._prefetching.close()
        await asyncio.gather(*(seat.stop() for seat in self._seats.values()))

    def _turn(self, call: AnyCall) -> AbstractAsyncContextManager[Turn]:
        meant = f", which generation {call.generation} means"
        self._roles.check_hosted(call.key, meant=meant)
        if not call.is_background:
            self._uses.note(call.key)
        wishes = Wishes(
            timeout_s=call.timeout_s,
            max_wait_s=call.max_wait_s,
            priority=call.priority,
            order=call.order,
            is_background=call.is_background,
        )
        turn = self.loop.turn(call.key, wishes)
        return turn if call.traceparent is None else self._spans.of_call(call, turn)

    def _look_ahead(self) -> None:
        if self._prefetching is None:
            return
        if self.limits.prefetch:
            self._prefetching.advance()
        else:
            self._prefetching.rest()

    def _forget(self, engine_id: str) -> None:
        """An engine is gone, and with the last of a lineage its experts."""
        self._roles.forget_gone()

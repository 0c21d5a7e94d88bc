"""A slot: the hosts of one node's share, one queue a host, and the experts they stand for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from orchestrator import metrics
from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.host import Host
from orchestrator.engines.seat import Revive, Seat
from orchestrator.engines.streams import reading
from orchestrator.errors import EngineDeadError, NotHostedError, SetupError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import Clock
from orchestrator.residency.loop import LoopLimits, SlotLoop

#: Generations answered for: the current one, and the one its predecessors' requests pinned.
_KEPT_GENERATIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """What one host of a slot is doing."""

    resident: str | None
    swapping_to: str | None
    #: Calls being answered, by expert.
    in_flight: Mapping[str, int]
    num_waiting: int
    last_swap_s: float | None
    #: Why it takes no calls, `None` while it does.
    down: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotReport:
    """What a slot hosts and does: what the Conductor is rebuilt from."""

    name: str
    #: The newest generation adopted, `None` before the first.
    generation: int | None
    #: Ids of the experts of that generation.
    experts: tuple[str, ...]
    hosts: tuple[HostReport, ...]

    @property
    def healthy(self) -> bool:
        """Whether every host takes calls."""
        return all(host.down is None for host in self.hosts)

    @property
    def residents(self) -> tuple[str, ...]:
        """Experts that answer without a swap."""
        return tuple(host.resident for host in self.hosts if host.resident is not None)

    @property
    def num_in_flight(self) -> int:
        """Calls being answered."""
        return sum(sum(host.in_flight.values()) for host in self.hosts)

    @property
    def num_waiting(self) -> int:
        """Calls that wait, whatever their host."""
        return sum(host.num_waiting for host in self.hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hosted:
    """An expert of one generation, where it lives and what the loop calls it."""

    expert: Expert
    seat: Seat
    loop: SlotLoop
    key: str


class Slot:
    """An `Engine` for every expert its hosts can become.

    Args:
        name: the slot's name, as the dispatch table has it.
        hosts: one live engine a lineage.
        clock: a running event loop, or a manual clock.
        limits: what each host takes at once and what may wait for it.
        revive: replaces a dead host; without it a dead host stays dead.
    """

    def __init__(
        self,
        name: str,
        hosts: Sequence[Host],
        *,
        clock: Clock,
        limits: LoopLimits | None = None,
        revive: Revive | None = None,
    ) -> None:
        self._name = name
        self._queue_length = metrics.QUEUE_LENGTH.labels(name)
        seats = [Seat(name, host, revive=revive, on_queue=self._count_queue) for host in hosts]
        self._places = [(seat, SlotLoop(seat, clock=clock, limits=limits)) for seat in seats]
        self._hosted_by_generation: dict[int, dict[str, _Hosted]] = {}
        self._known_ids: set[str] = set()
        self._revisions = count(1)

    def adopt(self, experts: Sequence[Expert], *, generation: int) -> None:
        """Host these experts in `generation`; the generation before stays answered.

        Adopting the newest generation again replaces it.

        Raises:
            SetupError: no host can become one of them, or the generation is an old one; nothing
                has changed then.
        """
        newest = max(self._hosted_by_generation, default=generation)
        if generation < newest:
            raise SetupError(
                f"slot {self._name!r} cannot adopt generation {generation} after {newest}; "
                "generations ascend, a rollback is a new one"
            )
        hosted = {expert.id: self._host(expert) for expert in experts}
        self._hosted_by_generation[generation] = hosted
        for old in sorted(self._hosted_by_generation)[:-_KEPT_GENERATIONS]:
            del self._hosted_by_generation[old]
        self._known_ids.update(hosted)
        self._forget()
        for one in hosted.values():
            one.seat.learn(one.key, one.expert)

    async def generate(self, call: Call) -> AsyncIterator[Chunk]:
        """Wait for the expert's turn, then stream its host's answer; see `Engine.generate`.

        Raises:
            NotHostedError: the expert or the generation is not hosted here.
            OverloadedError: the queue is full.
        """
        hosted = self._find(call)
        async with hosted.loop.turn(hosted.key, timeout_s=call.timeout_s) as waited_s:
            if call.timeout_s is not None:
                call = replace(call, timeout_s=max(call.timeout_s - waited_s, 0.0))
            async with reading(hosted.seat.host.generate(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def check(self) -> None:
        """Ask every host whether it lives; one that died is restarted once.

        Raises:
            EngineDeadError: a host is dead and its restart failed: replace the whole slot.
        """
        for seat, loop in self._places:
            if loop.is_lost and loop.down is not None:
                raise EngineDeadError(f"slot {self._name!r}: {loop.down.message}")
            if loop.down is None:
                await _check(seat, loop)

    async def settled(self) -> None:
        """Wait until the swaps and restarts under way have ended."""
        await asyncio.gather(*(loop.settled() for _, loop in self._places))

    def describe(self) -> SlotReport:
        """What is hosted, resident, running and waiting now."""
        newest = max(self._hosted_by_generation, default=None)
        experts = () if newest is None else tuple(self._hosted_by_generation[newest])
        return SlotReport(
            name=self._name,
            generation=newest,
            experts=experts,
            hosts=tuple(_report(seat, loop) for seat, loop in self._places),
        )

    async def close(self) -> None:
        """Refuse who waits, then close every host; calls in flight fail with `EngineDeadError`."""
        await asyncio.gather(*(loop.close() for _, loop in self._places))
        await asyncio.gather(*(seat.host.close() for seat, _ in self._places))

    def _find(self, call: Call) -> _Hosted:
        hosted_by_id = self._hosted_by_generation.get(call.generation)
        if hosted_by_id is None:
            known = sorted(self._hosted_by_generation)
            raise NotHostedError(
                f"slot {self._name!r} hosts generations {known}, not {call.generation}"
            )
        if call.expert not in hosted_by_id:
            raise NotHostedError(
                f"slot {self._name!r} does not host expert {call.expert!r} in generation "
                f"{call.generation}; it hosts {sorted(hosted_by_id)}"
            )
        return hosted_by_id[call.expert]

    def _host(self, expert: Expert) -> _Hosted:
        for hosted in self._definitions():
            if hosted.expert == expert:
                return hosted
        is_new = expert.id not in self._known_ids  # else other weights of that id may be resident
        key = expert.id if is_new else f"{expert.id}@{next(self._revisions)}"
        for seat, loop in self._places:
            if seat.host.can_become(expert):
                return _Hosted(expert=expert, seat=seat, loop=loop, key=key)
        residents = [seat.host.resident for seat, _ in self._places]
        raise SetupError(
            f"slot {self._name!r} has no host of the lineage of expert {expert.id!r}; its hosts "
            f"hold {residents}"
        )

    def _definitions(self) -> list[_Hosted]:
        return [one for by_id in self._hosted_by_generation.values() for one in by_id.values()]

    def _forget(self) -> None:
        """Drop what neither a kept generation nor a call under way refers to."""
        hosted_keys = {hosted.key for hosted in self._definitions()}
        for seat, loop in self._places:
            seat.forget_all_but(hosted_keys | loop.experts_in_use)

    def _count_queue(self) -> None:
        num_waiting = sum(loop.num_waiting for _, loop in self._places)
        self._queue_length.set(num_waiting)


async def _check(seat: Seat, loop: SlotLoop) -> None:
    try:
        await seat.host.check()
    except EngineDeadError as error:
        loop.report_dead(error)


def _report(seat: Seat, loop: SlotLoop) -> HostReport:
    state = loop.state
    return HostReport(
        resident=state.resident,
        swapping_to=state.swapping_to,
        in_flight=dict(state.in_flight),
        num_waiting=loop.num_waiting,
        last_swap_s=seat.last_swap_s,
        down=None if loop.down is None else loop.down.message,
    )

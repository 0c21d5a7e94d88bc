"""A slot: the hosts of one node's share, one queue a host, and the experts they stand for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial

from orchestrator import metrics
from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.host import Host
from orchestrator.engines.recent_uses import Reuse
from orchestrator.engines.seat import Seat
from orchestrator.engines.streams import reading
from orchestrator.errors import EngineDeadError, NotHostedError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import Clock
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.loop import SlotLoop
from orchestrator.residency.places import Turn
from orchestrator.residency.policy import Policy
from orchestrator.residency.state import Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The calls that wait for one expert of a slot."""

    #: Its `Expert.key`.
    expert: str
    num_calls: int
    #: How long the first has waited, and until its turn, seconds.
    oldest_s: float
    expected_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """What one engine of a slot is doing; experts are named by `Expert.key`."""

    #: Its id in the slot, unique there: a lineage may have several engines.
    engine: str
    lineage: str
    #: What it takes calls for.
    experts: tuple[str, ...]
    rung: Rung
    #: The step under way, by its name in the cost model, and for how long, seconds.
    step: str | None
    step_s: float | None
    #: For whom it admits nothing more.
    draining_for: str | None
    #: Experts that an operator wants to stay.
    pinned: tuple[str, ...]
    #: What answers without a swap: weights that are loaded, and adapters on them.
    residents: tuple[str, ...]
    swapping_to: str | None
    #: Calls being answered, by expert.
    in_flight: Mapping[str, int]
    last_swap_s: float | None
    #: Why it takes no calls, `None` while it does.
    down: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotReport:
    """What a slot hosts and does: what the Conductor is rebuilt from."""

    name: str
    hosts: tuple[HostReport, ...]
    waiting: tuple[Waiting, ...] = ()
    #: What the policy does next and why, one sentence each.
    action: str = ""
    why: str = ""
    #: Memory that the ledger has as taken, GiB.
    device_gib: float = 0.0
    host_gib: float = 0.0
    #: Steps that were taken, by their names in the cost model.
    num_steps: Mapping[str, int] = field(default_factory=dict)
    #: Calls that were admitted, and those of them whose expert was resident when they arrived.
    num_admitted: int = 0
    num_hits: int = 0
    #: Memory that the ledger has in all, GiB; `None` where it is not bounded.
    device_room_gib: float | None = None
    host_room_gib: float | None = None
    #: Experts that are left alone for now, and why.
    broken: Mapping[str, str] = field(default_factory=dict)
    #: How well recent calls suit what the slot holds; `None` before the first.
    reuse: Reuse | None = None

    @property
    def experts(self) -> tuple[str, ...]:
        """Keys of all that calls are taken for."""
        return tuple(key for host in self.hosts for key in host.experts)

    @property
    def healthy(self) -> bool:
        """Whether every host takes calls."""
        return all(host.down is None for host in self.hosts)

    @property
    def residents(self) -> tuple[str, ...]:
        """Experts that answer without a swap."""
        return tuple(key for host in self.hosts for key in host.residents)

    @property
    def num_in_flight(self) -> int:
        """Calls being answered."""
        return sum(sum(host.in_flight.values()) for host in self.hosts)

    @property
    def num_waiting(self) -> int:
        """Calls that wait, whatever their host."""
        return sum(waiting.num_calls for waiting in self.waiting)


@dataclass(slots=True, kw_only=True)
class _Place:
    """A seat with the loop that drives it, and the keys that calls are taken for."""

    seat: Seat
    loop: SlotLoop
    keys: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_drained(self) -> bool:
        return not self.keys and not self.loop.experts_in_use


class Slot:
    """A `FullEngine` for every expert its hosts can become, by `Expert.key`.

    Hosts come and go, and so do the experts each stands for, while the others serve.

    Args:
        name: the slot's name, as the dispatch table has it.
        clock: a running event loop, or a manual clock.
        limits: what each host takes at once and what may wait for it.
        revive: replaces the dead host of a lineage; without it a dead host stays dead.
        policy: decides for each host; `Bounded` where none is given.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        limits: LoopLimits | None = None,
        revive: Callable[[str, Host], Awaitable[Host]] | None = None,
        policy: Policy | None = None,
    ) -> None:
        self._name = name
        self._clock = clock
        self.limits = limits or LoopLimits()
        self._revive = revive
        self._policy = policy
        self._queue_length = metrics.QUEUE_LENGTH.labels(name)
        self._place_by_lineage: dict[str, _Place] = {}
        self._place_by_key: dict[str, _Place] = {}

    def seat(self, lineage: str, host: Host, experts: Sequence[Expert]) -> None:
        """Take in the host of a lineage, and calls for `experts`, which it can become."""
        assert lineage not in self._place_by_lineage, f"lineage {lineage!r} is seated twice"
        seat = Seat(
            self._name,
            host,
            revive=None if self._revive is None else partial(self._revive, lineage),
            on_queue=self._count_queue,
        )
        loop = SlotLoop(
            seat,
            clock=self._clock,
            limits=self.limits,
            policy=self._policy,
        )
        self._place_by_lineage[lineage] = _Place(seat=seat, loop=loop)
        self.assign(lineage, experts)

    def assign(self, lineage: str, experts: Sequence[Expert]) -> None:
        """Take calls for exactly these experts of a seated lineage.

        Calls for others are refused from now on; those that wait or run are answered.
        """
        place = self._place_by_lineage[lineage]
        expert_by_key = {expert.key: expert for expert in experts}
        place.keys = frozenset(expert_by_key)
        self._find_places()
        place.seat.forget_all_but(place.loop.experts_in_use)
        for key, expert in expert_by_key.items():
            place.seat.learn(key, expert)

    def keys(self, lineage: str) -> frozenset[str]:
        """What calls are taken for at a seated lineage."""
        return self._place_by_lineage[lineage].keys

    def is_drained(self, lineage: str) -> bool:
        """Whether a seated lineage takes no calls and has none left."""
        return self._place_by_lineage[lineage].is_drained

    async def unseat(self, lineage: str) -> None:
        """Close the host of a lineage; calls it has left fail with `EngineDeadError`."""
        place = self._place_by_lineage.pop(lineage)
        self._find_places()
        await place.loop.close()
        await place.seat.host.close()
        self._count_queue()

    async def generate(self, call: Call) -> AsyncIterator[Chunk]:
        """Wait for the expert's turn, then stream its host's answer; see `Engine.generate`.

        Raises:
            NotHostedError: that version of the expert is not hosted here.
            OverloadedError: the queue is full.
        """
        place = self._find(call)
        async with _turn(place, call) as turn:
            waited_s = await turn.came()
            if call.timeout_s is not None:
                call = replace(call, timeout_s=max(call.timeout_s - waited_s, 0.0))
            async with reading(place.seat.host.generate(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def embed(self, call: EmbedCall) -> Vectors:
        """Wait for the expert's turn, then have its host embed; raises as `generate`."""
        place = self._find(call)
        async with _turn(place, call) as turn:
            waited_s = await turn.came()
            if call.timeout_s is not None:
                call = replace(call, timeout_s=max(call.timeout_s - waited_s, 0.0))
            return await place.seat.host.embed(call)

    def bound(self, limits: LoopLimits) -> None:
        """Hold every host, and those that come, to these limits."""
        self.limits = limits
        for place in self._places:
            place.loop.bound(limits)

    async def check(self) -> None:
        """Ask every host whether it lives; one that died is restarted once."""
        for place in self._places:
            if place.loop.down is None:
                await _check(place)

    def lost(self) -> Mapping[str, str]:
        """Lineages whose host died and did not come back, and why."""
        return {
            lineage: place.loop.down.message
            for lineage, place in self._place_by_lineage.items()
            if place.loop.is_lost and place.loop.down is not None
        }

    async def settled(self) -> None:
        """Wait until the swaps and restarts under way have ended."""
        await asyncio.gather(*(place.loop.settled() for place in self._places))

    def describe(self) -> SlotReport:
        """What is hosted, resident, running and waiting now."""
        hosts = (_report(name, place) for name, place in self._place_by_lineage.items())
        waiting = (one for place in self._places for one in _waiting(place.loop))
        return SlotReport(name=self._name, hosts=tuple(hosts), waiting=tuple(waiting))

    async def close(self) -> None:
        """Refuse who waits, then close every host; calls in flight fail with `EngineDeadError`."""
        await asyncio.gather(*(place.loop.close() for place in self._places))
        await asyncio.gather(*(place.seat.host.close() for place in self._places))

    @property
    def _places(self) -> tuple[_Place, ...]:
        return tuple(self._place_by_lineage.values())

    def _find_places(self) -> None:
        """Two hosts may stand for one key, while one takes the place of the other."""
        self._place_by_key = {key: place for place in reversed(self._places) for key in place.keys}

    def _find(self, call: AnyCall) -> _Place:
        place = self._place_by_key.get(call.key)
        if place is None:
            others = sorted(k for k in self._place_by_key if k.startswith(f"{call.expert}@"))
            raise NotHostedError(
                f"slot {self._name!r} does not host expert {call.expert!r} in version "
                f"{call.version!r}, which generation {call.generation} means; of its "
                f"{len(self._place_by_key)} experts these have that id: {others}"
            )
        return place

    def _count_queue(self) -> None:
        self._queue_length.set(sum(place.loop.num_waiting for place in self._places))


def _turn(place: _Place, call: AnyCall) -> AbstractAsyncContextManager[Turn]:
    return place.loop.turn(
        call.key,
        timeout_s=call.timeout_s,
        max_wait_s=call.max_wait_s,
        priority=call.priority,
        order=call.order,
    )


async def _check(place: _Place) -> None:
    try:
        await place.seat.host.check()
    except EngineDeadError as error:
        place.loop.report_dead(error)


def _waiting(loop: SlotLoop) -> Iterator[Waiting]:
    for expert, (num_calls, oldest_s, outlook) in loop.waiting().items():
        yield Waiting(
            expert=expert, num_calls=num_calls, oldest_s=oldest_s, expected_s=outlook.wait_s
        )


def _report(lineage: str, place: _Place) -> HostReport:
    engine = place.loop.engine
    change = engine.change
    down = place.loop.down
    return HostReport(
        engine=lineage,
        lineage=lineage,
        rung=engine.rung,
        step=None if change is None else change.step,
        step_s=None if change is None else place.loop.since(change.began_s),
        draining_for=engine.draining_for,
        pinned=(),
        experts=tuple(sorted(place.keys)),
        residents=engine.residents,
        swapping_to=None if change is None else change.expert,
        in_flight=dict(engine.in_flight),
        last_swap_s=place.seat.last_swap_s,
        down=None if down is None else down.message,
    )

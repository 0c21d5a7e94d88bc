"""A trace under a policy: a heap of events, no process, no waiting and no clock but its own."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import count
from math import inf

from orchestrator.errors import SetupError
from orchestrator.residency.homes import Solver
from orchestrator.residency.placement import place
from orchestrator.residency.policy import Policy
from orchestrator.residency.rearranging import LEAST_BETWEEN_S
from orchestrator.residency.spaces import Lineage, SlotSpace
from orchestrator.residency.tickets import Ticket
from orchestrator.simulation.dispatching import Dispatching, Errand, least_in_flight
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.outcome import Fate, Outcome, summed
from orchestrator.simulation.placing import Placing
from orchestrator.simulation.slot import Doorkeeper, SimulatedSlot
from orchestrator.simulation.trace import Request, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A policy with all that belongs to it; a fresh one is made for each slot."""

    name: str
    #: Makes the policy of one slot.
    policy: Callable[[], Policy]
    #: Refuses at the door, `None` where all is taken.
    doorkeeper: Doorkeeper | None = None
    #: Which slot is asked first.
    dispatching: Dispatching = least_in_flight
    #: Chooses homes by what was asked, `None` where experts have none.
    solver: Solver | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where a trace is played."""

    num_slots: int = 1
    machine: Machine = field(default_factory=Machine)
    #: Bound of requests that bring none, seconds; `None` for no promise.
    max_wait_s: float | None = None
    #: Clients that make the trace's requests in order, each its next one when it has an answer;
    #: `None` for requests that come when the trace says.
    clients: int | None = None
    #: Background requests that wait or run at a time: more are made, in order, as these end.
    window: int | None = None
    #: They take the requests in turn, and each knows of its own alone.
    num_gateways: int = 1
    #: Least time between two changes of homes.
    between_s: float = LEAST_BETWEEN_S


def simulated(trace: Trace, contender: Contender, setting: Setting) -> Outcome:
    """Play `trace` to its end; the same input gives the same figures."""
    return Simulation(trace, contender, setting).run()


class Simulation:
    """One run."""

    def __init__(self, trace: Trace, contender: Contender, setting: Setting) -> None:
        self._trace, self._contender, self._setting = trace, contender, setting
        experts = frozenset(trace.experts)
        self._slots = {
            name: SimulatedSlot(
                name,
                machine=setting.machine,
                experts=experts,
                policy=contender.policy(),
                doorkeeper=contender.doorkeeper,
                num_gateways=setting.num_gateways,
            )
            for name in (f"s{number:02}" for number in range(setting.num_slots))
        }
        lineage, spaces = _lineage(trace, setting.machine), _spaces(setting)
        self._table = place([lineage], spaces).table.slots_by_expert
        self.placing = contender.solver and Placing(
            setting.machine,
            lineage,
            spaces,
            solver=contender.solver,
            between_s=setting.between_s,
        )
        self._order = count()
        self._ticket_ids = count(1)
        #: Time, order of being asked for, and a slot that may have something to do by then.
        self._events: list[tuple[float, int, SimulatedSlot]] = []
        self._due_s: dict[str, float] = {}
        self._arrivals: list[tuple[float, int]] = []
        self._needed = {request.id: len(request.after) for request in trace.requests}
        #: Requests that clients have not made yet.
        self._unmade = iter(() if setting.clients is None else trace.requests)
        #: Background requests that were not made yet, where they are made by and by.
        held = (one for one in trace.requests if one.is_background)
        self._held = iter(() if setting.window is None else held)
        self._waiting_for: dict[int, list[int]] = defaultdict(list)
        self.fates: dict[int, Fate] = {}

    @property
    def slots(self) -> Collection[SimulatedSlot]:
        """The slots, as they are now."""
        return self._slots.values()

    def run(self) -> Outcome:
        """Play the trace to its end."""
        self._enter_all()
        while self._arrivals or self._events:
            arrival_s = self._arrivals[0][0] if self._arrivals else inf
            if self._events and self._events[0][0] <= arrival_s:
                self._step()
            else:
                when_s, request_id = heapq.heappop(self._arrivals)
                self._arrive(self._trace.requests[request_id], when_s)
        assert len(self.fates) == len(self._trace.requests), "a request never ended"
        return summed(
            list(self.fates.values()),
            policy=self._contender.name,
            trace=self._trace.name,
            num_slots=len(self._slots),
            swaps_s=[took_s for slot in self._slots.values() for took_s in slot.swaps_s],
            busy_s=sum(slot.accelerator.busy_s for slot in self._slots.values()),
        )

    def _enter_all(self) -> None:
        if self._setting.clients is not None:
            _check_independent(self._trace)
            for _ in range(self._setting.clients):
                self._make_next(now_s=0.0)
            return
        for _ in range(self._setting.window or 0):
            self._release(now_s=0.0)
        for request in self._trace.requests:
            if request.is_background and self._setting.window is not None:
                continue
            if request.after:
                for needed in request.after:
                    self._waiting_for[needed].append(request.id)
            else:
                heapq.heappush(self._arrivals, (request.arrives_s, request.id))

    def _make_next(self, *, now_s: float) -> None:
        """Let a client make the next request of the trace, if there is one."""
        request = next(self._unmade, None)
        if request is not None:
            heapq.heappush(self._arrivals, (now_s, request.id))

    def _release(self, *, now_s: float) -> None:
        """Make the next background request that is held, if there is one."""
        request = next(self._held, None)
        if request is not None:
            heapq.heappush(self._arrivals, (max(now_s, request.arrives_s), request.id))

    def _step(self) -> None:
        when_s, _, slot = heapq.heappop(self._events)
        if self._due_s.get(slot.name) != when_s:
            return  # something happened there meanwhile, and it is due at another time
        slot.advance(now_s=when_s)
        self._look_at(slot)

    def _arrive(self, request: Request, now_s: float) -> None:
        max_wait_s, is_free = request.max_wait_s or self._setting.max_wait_s, request.is_background
        ticket = Ticket(
            id=next(self._ticket_ids),
            expert=request.expert,
            arrived_s=now_s,
            bound_s=None if is_free or max_wait_s is None else now_s + max_wait_s,
            is_background=is_free,
        )
        hosts = [self._slots[name] for name in self._table[request.expert]]
        homes: tuple[str, ...] = ()
        if self.placing is not None:
            self.placing.note(request, now_s=now_s)
            homes = self.placing.homes.get(request.expert, ())
        gateway = request.id % self._setting.num_gateways
        errand = Errand(expert=request.expert, gateway=gateway, homes=homes)
        for slot in self._contender.dispatching(errand, hosts):
            if slot.takes(request, ticket, now_s=now_s):
                self._look_at(slot)
                return
        self._end(request, Fate(made_s=now_s, began_s=None, ended_s=now_s))

    def _look_at(self, slot: SimulatedSlot) -> None:
        """Take note of what ended there, and of when to look again."""
        for request, fate in slot.ended():
            self._end(request, fate)
        due_s = slot.next_event_s()
        self._due_s[slot.name] = due_s
        if due_s < inf:
            heapq.heappush(self._events, (due_s, next(self._order), slot))

    def _end(self, request: Request, fate: Fate) -> None:
        """Close a request; what needs its answer is made now, or is refused with it."""
        assert request.id not in self.fates, f"request {request.id} ended twice"
        self.fates[request.id] = fate
        self._make_next(now_s=fate.ended_s)
        if request.is_background:
            self._release(now_s=fate.ended_s)
        for id_ in self._waiting_for.pop(request.id, ()):
            follower = self._trace.requests[id_]
            self._needed[id_] -= 1
            if id_ in self.fates:
                continue
            if fate.began_s is None:
                self._end(follower, fate)
            elif not self._needed[id_]:
                made_s = max(follower.arrives_s, fate.ended_s)
                heapq.heappush(self._arrivals, (made_s, id_))


def _check_independent(trace: Trace) -> None:
    linked = next((request for request in trace.requests if request.after), None)
    if linked is not None:
        raise SetupError(
            f"trace {trace.name!r}, request {linked.id} comes after {list(linked.after)}: clients "
            "make requests in the order of the trace; play it by its times instead"
        )


def _lineage(trace: Trace, machine: Machine) -> Lineage:
    """The experts, which are siblings; every slot has all its engines from the start."""
    return Lineage(
        id="siblings",
        experts=trace.experts,
        memory_gib=machine.weights_gib + machine.cache_gib,
    )


def _spaces(setting: Setting) -> list[SlotSpace]:
    return [
        SlotSpace(
            name=f"s{number:02}",
            memory_gib=setting.machine.device_gib,
            engines=setting.machine.engines,
        )
        for number in range(setting.num_slots)
    ]

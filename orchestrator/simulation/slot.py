"""A simulated slot: carries a policy's decisions out, as the loop does for real ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Protocol

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action, Admit, Drain, Expire, Promote, Recall, Swap, Wait
from orchestrator.residency.choice import SlotOutlook, SlotView
from orchestrator.residency.policy import Policy
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import Footprint, SlotState
from orchestrator.residency.tickets import Ticket
from orchestrator.simulation.batching import Accelerator
from orchestrator.simulation.engine import SimulatedEngine
from orchestrator.simulation.files import SimulatedFiles
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.outcome import Fate
from orchestrator.simulation.trace import Request

#: Decisions at one moment after which a policy is taken to go round in circles.
_MAX_DECISIONS = 1_000_000


class Doorkeeper(Protocol):
    """Says at arrival whether a ticket can be taken."""

    def __call__(
        self, ticket: Ticket, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
    ) -> float | None:
        """Seconds after which to come again, `None` for a ticket that is taken."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    request: Request
    ticket: Ticket
    engine: SimulatedEngine
    began_s: float
    is_hit: bool


class SimulatedSlot:
    """One slot, its queue and its engines.

    Args:
        name: as the dispatch table has it.
        machine: what it is made of.
        experts: what its engines can become.
        policy: decides, for this slot alone.
        doorkeeper: refuses what the policy could not hold, `None` where all is taken.
        num_gateways: they take the requests in turn.
    """

    def __init__(
        self,
        name: str,
        *,
        machine: Machine,
        experts: frozenset[str],
        policy: Policy,
        doorkeeper: Doorkeeper | None = None,
        num_gateways: int = 1,
    ) -> None:
        self.name = name
        self._num_gateways = num_gateways
        #: Taken once: a gateway looks at every slot for every call.
        self._prior = machine.prior
        self.costs = Costs(self._prior)
        self.queues = Queues()
        self.swaps_s: list[float] = []
        #: Background calls that were called back, each time that one was.
        self.num_recalled = 0
        self.accelerator = Accelerator(machine.pace, lanes=machine.lanes)
        self._machine = machine
        self._files = None
        if machine.storage is not None:
            self._files = SimulatedFiles(
                machine.storage, weights_gib=machine.weights_gib, bandwidths=machine.bandwidths
            )
        self._policy = policy
        self._doorkeeper = doorkeeper
        self._requests: dict[int, Request] = {}
        #: Calls by expert, and the expert asked last for, of each gateway.
        self._num_by_expert: dict[int, Counter[str]] = defaultdict(Counter)
        self._last_expert: dict[int, str] = {}
        self._calls: dict[int, _Call] = {}
        self._alarm_s = inf
        #: Swaps under way: their ends by engine.
        self._swap_ends_s: dict[str, float] = {}
        self._fates: list[tuple[Request, Fate]] = []
        footprint = Footprint(device_gib=machine.weights_gib + machine.cache_gib)
        self._engines: Mapping[str, SimulatedEngine] = {
            id_: SimulatedEngine(
                id=id_, experts=experts, capacity=machine.capacity, footprint=footprint
            )
            for id_ in (f"{name}/{number}" for number in range(machine.engines))
        }

    @property
    def state(self) -> SlotState:
        """The slot as its policy sees it."""
        return SlotState(
            engines=tuple(engine.state for engine in self._engines.values()),
            device_gib=self._machine.device_gib,
            host_gib=self._machine.host_gib,
        )

    @property
    def held(self) -> set[str]:
        """Experts in place, and those that are on their way."""
        found = {engine.resident for engine in self._engines.values()}
        found |= {engine.change.expert for engine in self._engines.values() if engine.change}
        return {expert for expert in found if expert is not None}

    @property
    def capacity(self) -> int:
        """Calls that its engines take at once."""
        return self._machine.engines * self._machine.capacity

    def view(self, gateway: int) -> SlotView:
        """The slot as one of the gateways sees it, which knows of its own calls alone."""
        return SlotView(
            num_by_expert=self._num_by_expert[gateway],
            last_expert=self._last_expert.get(gateway),
            outlook=SlotOutlook(
                residents=tuple(one.resident for one in self._engines.values() if one.resident),
                swap_s=self._prior.step_s("swap", self.name),
                call_s=self._prior.service_s,
                num_engines=len(self._engines),
            ),
        )

    @property
    def num_calls(self) -> int:
        """Calls that wait or run here."""
        return len(self.queues) + len(self.queues.background) + len(self._calls)

    def next_event_s(self) -> float:
        """When something happens here unless a call arrives before; infinite if nothing will."""
        ends_s = [self._alarm_s, *self._swap_ends_s.values()]
        if self._files is not None:
            ends_s.append(self._files.next_end_s)
        answer_s = self.accelerator.next_end_s()
        return min(ends_s if answer_s is None else [*ends_s, answer_s])

    def takes(self, request: Request, ticket: Ticket, *, now_s: float) -> bool:
        """Let a call in, unless it is refused at the door."""
        if self._doorkeeper is not None:
            again_s = self._doorkeeper(ticket, self.state, self.queues, self.costs, now_s=now_s)
            if again_s is not None:
                return False
        self._requests[ticket.id] = request
        gateway = request.id % self._num_gateways
        self._num_by_expert[gateway][ticket.expert] += 1
        self._last_expert[gateway] = ticket.expert
        self.queues.add(ticket)
        self._decide(now_s)
        return True

    def advance(self, *, now_s: float) -> None:
        """Let happen whatever is due."""
        if self._alarm_s <= now_s:
            self._alarm_s = inf
        for engine_id in [id_ for id_, end_s in self._swap_ends_s.items() if end_s <= now_s]:
            self._end_swap(engine_id, now_s)
        while (end_s := self.accelerator.next_end_s()) is not None and end_s <= now_s:
            self._end_answer(self.accelerator.end_next(now_s=now_s), now_s)
        self._decide(now_s)

    def ended(self) -> Iterator[tuple[Request, Fate]]:
        """Calls that ended since this was asked last."""
        fates, self._fates = self._fates, []
        yield from fates

    def _decide(self, now_s: float) -> None:
        for _ in range(_MAX_DECISIONS):
            action = self._policy(self.state, self.queues, self.costs, now_s=now_s)
            if isinstance(action, Wait):
                self._wait(action, now_s)
                return
            self._do(action, now_s)
        raise AssertionError(f"{self.name}: {action} is decided over and over at {now_s:g} s")

    def _wait(self, action: Wait, now_s: float) -> None:
        self._alarm_s = inf if action.until_s is None else action.until_s
        assert self._alarm_s > now_s, f"{self.name}: it is to wait until the past"
        if self._files is not None:
            self._files.look(self.state, self.queues, self.costs, now_s=now_s)

    def _do(self, action: Action, now_s: float) -> None:
        match action:
            case Admit(ticket_id=ticket_id, engine=engine):
                self._admit(ticket_id, self._engines[engine], now_s)
            case Expire(ticket_id=ticket_id):
                self._expire(ticket_id, now_s)
            case Recall(ticket_ids=ticket_ids):
                for ticket_id in ticket_ids:
                    self._give_up(ticket_id, now_s)
            case Promote(ticket_id=ticket_id):
                self.queues.promote(ticket_id, now_s=now_s)
            case Drain(engine=engine, expert=expert):
                self._engines[engine].draining_for = expert
            case Swap(engine=engine, expert=expert):
                self._engines[engine].begin_swap(expert, now_s=now_s)
                self._swap_ends_s[engine] = now_s + self._swap_s(expert, now_s)
            case _:
                raise AssertionError(f"{self.name}: {action} is no step of simulated engines")

    def _swap_s(self, expert: str, now_s: float) -> float:
        if self._files is None:
            return self._prior.step_s("swap", expert)
        return self._machine.bandwidths.swap_s + self._files.read(expert, now_s=now_s)

    def _admit(self, ticket_id: int, engine: SimulatedEngine, now_s: float) -> None:
        ticket = self.queues.remove(ticket_id)
        assert ticket is not None, f"ticket {ticket_id} does not wait"
        request = self._requests.pop(ticket_id)
        engine.admit(ticket, now_s=now_s)
        self._calls[ticket_id] = _Call(
            request=request,
            ticket=ticket,
            engine=engine,
            began_s=now_s,
            is_hit=engine.since_s <= ticket.arrived_s,
        )
        steps = self._machine.pace.steps(
            prompt_tokens=request.prompt_tokens, output_tokens=request.output_tokens
        )
        self.accelerator.begin(ticket_id, engine.id, steps=steps, now_s=now_s)

    def _give_up(self, ticket_id: int, now_s: float) -> None:
        """A background call lets go of its engine and waits again."""
        call = self._calls.pop(ticket_id)
        self.accelerator.leave(ticket_id, call.engine.id, now_s=now_s)
        call.engine.finish(call.ticket, now_s=now_s)
        self._requests[ticket_id] = call.request
        self.queues.put_back(call.ticket)
        self.num_recalled += 1

    def _expire(self, ticket_id: int, now_s: float) -> None:
        ticket = self.queues.remove(ticket_id)
        assert ticket is not None, f"ticket {ticket_id} does not wait"
        fate = Fate(made_s=ticket.arrived_s, began_s=None, ended_s=now_s)
        self._leave(self._requests.pop(ticket_id), fate)

    def _end_answer(self, ticket_id: int, now_s: float) -> None:
        call = self._calls.pop(ticket_id)
        call.engine.finish(call.ticket, now_s=now_s)
        if not call.ticket.is_background:
            self.costs.observe_service(call.ticket.expert, now_s - call.began_s)
        fate = Fate(
            made_s=call.ticket.arrived_s, began_s=call.began_s, ended_s=now_s, is_hit=call.is_hit
        )
        self._leave(call.request, fate)

    def _leave(self, request: Request, fate: Fate) -> None:
        self._fates.append((request, fate))
        counts = self._num_by_expert[request.id % self._num_gateways]
        counts[request.expert] -= 1
        if not counts[request.expert]:
            del counts[request.expert]

    def _end_swap(self, engine_id: str, now_s: float) -> None:
        engine = self._engines[engine_id]
        assert engine.change is not None
        took_s = now_s - engine.change.began_s
        expert = engine.end_swap(now_s=now_s)
        del self._swap_ends_s[engine_id]
        self.costs.observe_step("swap", expert, took_s)
        self.swaps_s.append(took_s)

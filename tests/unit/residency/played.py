"""A slot that exists in values only: a policy plays it, calls and steps take what they are told."""

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import (
    Add,
    Admit,
    Drain,
    Expire,
    Promote,
    Recall,
    Sleep,
    Stop,
    Swap,
    Wait,
)
from orchestrator.residency.ledger import fits, rung_after, usage
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import Change, EngineState, SlotState
from orchestrator.residency.steps import expert_of, step_of
from orchestrator.residency.tickets import Ticket


@dataclass
class Played:
    """Carries a policy's actions out on values and notes what became of each ticket."""

    state: SlotState
    policy: object
    costs: Costs = field(default_factory=Costs)
    now_s: float = 0.0
    queues: Queues = field(default_factory=Queues)
    waited_s: dict[int, float] = field(default_factory=dict)
    engine_of: dict[int, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    ended_s: dict[int, float] = field(default_factory=dict)
    expired: list[int] = field(default_factory=list)
    steps: list = field(default_factory=list)
    recalled: list[int] = field(default_factory=list)
    promoted: list[int] = field(default_factory=list)

    def __post_init__(self):
        self._events, self._count = [], count()
        #: Times each ticket ran, so that the end of a turn that was called back is old news.
        self._runs = Counter()

    def play(self, tickets, *, service_s=None):
        """Everything from the first arrival to the last end; `service_s` by ticket or as costed."""
        self._service_s = service_s or (lambda t: self.costs.service(t.expert).mean_s)
        for ticket in tickets:
            self._at(ticket.arrived_s, lambda ticket=ticket: self.queues.add(ticket))
        while self._events:
            when_s, _, event = heapq.heappop(self._events)
            if event is None and not self.queues.called:  # an alarm that nobody waits for any more
                continue
            self.now_s = when_s
            if event is not None:
                event()
            if not self._events or self._events[0][0] > self.now_s:
                self._settle()
        return self

    def _at(self, when_s, event):
        heapq.heappush(self._events, (max(when_s, self.now_s), next(self._count), event))

    def _settle(self):
        while not isinstance(action := self._decide(), Wait):
            self._carry_out(action)
        if action.until_s is not None:
            assert action.until_s > self.now_s, "a review that is due now would spin"
            self._at(action.until_s, None)
        self._check_work_is_conserved()

    def _decide(self):
        return self.policy(self.state, self.queues, self.costs, now_s=self.now_s)

    def _check_work_is_conserved(self):
        busy = any(one.in_flight or one.change for one in self.state.engines)
        assert busy or not self.queues, "all is idle and somebody waits"

    def _carry_out(self, action):
        match action:
            case Expire(ticket_id=id_):
                self.expired.append(id_)
                self.queues.remove(id_)
            case Admit(ticket_id=id_, engine=engine_id):
                self._admit(self.queues.remove(id_), self.state.engine(engine_id))
            case Recall(ticket_ids=ids, engine=engine_id):
                self.recalled.extend(ids)
                for id_ in ids:
                    running = self.state.engine(engine_id).background[id_]
                    self._runs[id_] += 1
                    self._let_go(running, engine_id)
                    self.queues.put_back(running)
            case Promote(ticket_id=id_):
                self.promoted.append(id_)
                self.queues.promote(id_, now_s=self.now_s)
            case Drain(engine=engine_id, expert=expert):
                self._put(engine_id, draining_for=expert)
            case step:
                self._begin(step, self.state.engine(step.engine))

    def _admit(self, ticket, engine):
        assert engine.change is None
        assert engine.draining_for is None
        assert engine.rung == "serving"
        assert ticket.expert in engine.residents
        assert engine.num_in_flight < engine.capacity
        self.waited_s[ticket.id] = self.now_s - ticket.arrived_s
        self.engine_of[ticket.id] = engine.id
        self.order.append(ticket.id)
        running = Counter(engine.in_flight) + Counter([ticket.expert])
        run = self._runs[ticket.id]
        if ticket.is_background:
            background = {**engine.background, ticket.id: ticket}
            self._put(engine.id, in_flight=running, background=background)
        else:
            self._put(engine.id, in_flight=running, admitted_s=self.now_s, foreground_s=self.now_s)
        self._at(self.now_s + self._service_s(ticket), lambda: self._end(ticket, engine.id, run))

    def _end(self, ticket, engine_id, run):
        if self._runs[ticket.id] == run:
            self.ended_s[ticket.id] = self.now_s
            self._let_go(ticket, engine_id)

    def _let_go(self, ticket, engine_id):
        engine = self.state.engine(engine_id)
        running = Counter(engine.in_flight) - Counter([ticket.expert])
        background = {id_: one for id_, one in engine.background.items() if id_ != ticket.id}
        foreground_s = engine.foreground_s if ticket.is_background else self.now_s
        self._put(engine_id, in_flight=running, background=background, foreground_s=foreground_s)

    def _begin(self, step, engine):
        assert engine.change is None
        if not isinstance(step, Add):
            assert not engine.in_flight, f"{step} with calls in flight"
        assert fits(self.state, step), f"{step} overdraws"
        name = step_of(step, engine)
        change = Change(step=name, expert=expert_of(step), began_s=self.now_s, to=rung_after(step))
        residents = engine.residents if isinstance(step, Add | Sleep) else ()
        if isinstance(step, Add):
            assert step.instead_of not in engine.in_flight
            residents = tuple(one for one in residents if one != step.instead_of)
        self.steps.append(step)
        self._put(engine.id, change=change, residents=residents)
        took_s = self.costs.step(name, change.expert or "").mean_s
        self._at(self.now_s + took_s, lambda: self._stepped(step, engine.id))

    def _stepped(self, step, engine_id):
        engine = self.state.engine(engine_id)
        rung = rung_after(step)
        residents = self._residents_after(step, engine)
        self._put(
            engine_id,
            change=None,
            draining_for=None,
            since_s=self.now_s,
            rung=rung,
            residents=residents,
            has_slept=rung != "stopped" and (engine.has_slept or rung == "asleep"),
            adapters=self._adapters_of(residents, engine),
        )

    def _residents_after(self, step, engine):
        match step:
            case Stop():
                return ()
            case Sleep():
                return engine.residents
            case Add(expert=expert):
                return (*engine.residents, expert)
            case _:
                weights = engine.weights_by_adapter.get(step.expert)
                return (step.expert,) if weights is None else (weights, step.expert)

    def _adapters_of(self, residents, engine):
        return [a for a, weights in engine.weights_by_adapter.items() if weights in residents]

    def _put(self, engine_id, **changes):
        engines = tuple(
            replace(one, **changes) if one.id == engine_id else one for one in self.state.engines
        )
        self.state = replace(self.state, engines=engines)
        for one in engines:
            assert sum(it in one.adapters for it in one.residents) <= one.max_adapters
        used = usage(self.state)
        assert used.device_gib <= self.state.device_gib + 1e-6
        assert used.host_gib <= self.state.host_gib + 1e-6

    @property
    def num_swaps(self):
        return sum(isinstance(step, Swap) for step in self.steps)


def engine(*experts, resident=None, capacity=8, id_="host", **fields) -> EngineState:
    """An engine of siblings that holds the first, or nothing where `resident` is empty."""
    held = experts[0] if resident is None else resident
    return EngineState(
        id=id_,
        lineage="llama",
        experts=frozenset(experts),
        residents=(held,) if held else (),
        capacity=capacity,
        **fields,
    )


def slot(*engines, **fields) -> SlotState:
    return SlotState(engines=engines, **fields)


def ticket(id_: int, expert: str, *, at_s: float = 0.0, max_wait_s=None, **fields) -> Ticket:
    bound_s = None if max_wait_s is None else at_s + max_wait_s
    return Ticket(id=id_, expert=expert, arrived_s=at_s, bound_s=bound_s, **fields)


def waiting(*tickets) -> Queues:
    queues = Queues()
    for one in tickets:
        queues.add(one)
    return queues

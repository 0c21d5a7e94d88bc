"""The policy of a slot: what is worth most for each second, as long as every bound can be kept.

An engine serves what it holds until something else is worth more by a factor, has its place to
itself for a while first, and is drained before it changes. Over all of that stands the plan of
`outlook`: when going on would break a bound, the engine turns to what is due first.

Source: the score is DESIGN.md's; `sum_i (1 + age_i / bound_i) / (C + S)` with a patience factor.
Read-ME (arXiv:2410.19123) serves the longest queue, which starves; CoServe (ASPLOS'25) groups by
expert without a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.residency import ladder
from orchestrator.residency.actions import Action, Add, Admit, Drain, Expire, Swap, Wait
from orchestrator.residency.outlook import (
    drain_s,
    due_groups,
    promised,
    slack_s,
    step_to,
    worth,
)
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import Queues, Ticket

#: Shortest time ahead that a review is asked for, seconds: a timer that is due now would spin.
_SHORTEST_REVIEW_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """`Policy` that holds every wait bound it can and swaps as rarely as it may.

    Attributes:
        patience: the knob from latency (0) to throughput (1). An engine turns to another expert
            when that is worth `1 / (1 - patience)` times as much, and not before it has held its
            own for `patience / (1 - patience)` times what the change costs: no more than
            `1 - patience` of its time goes into changes that no bound asks for. At 1 only an
            empty queue or a bound makes it change.
    """

    patience: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.patience <= 1:
            raise ValueError(f"patience is {self.patience}; it must be from 0 to 1")

    def __call__(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
        """See `Policy`."""
        overdue = queues.overdue(now_s)
        if overdue is not None:
            return Expire(ticket_id=overdue.id)
        if not queues:
            return Wait()
        review_s = queues.next_due_s
        for engine in state.engines:
            if engine.is_serving and engine.change is None:
                view = _View(engine, state, queues, costs, now_s, self.patience)
                action = view.action()
                if not isinstance(action, Wait):
                    return action
                review_s = min(review_s, inf if action.until_s is None else action.until_s)
        step = ladder.climb(state, queues, costs, now_s=now_s, patience=self.patience)
        if not isinstance(step, Wait):
            return step
        review_s = min(review_s, inf if step.until_s is None else step.until_s)
        return Wait(until_s=None if review_s == inf else review_s)


class _View:
    """One engine at one moment, for one decision."""

    def __init__(
        self,
        engine: EngineState,
        state: SlotState,
        queues: Queues,
        costs: Costs,
        now_s: float,
        patience: float,
    ) -> None:
        self._engine = engine
        self._state = state
        self._queues = queues
        self._costs = costs
        self._now_s = now_s
        self._patience = patience
        self._free_s = now_s + drain_s(engine, costs, now_s=now_s)
        self._due = list(due_groups(engine, state, queues))

    def action(self) -> Action:
        """The one thing to do on this engine now, or when to look again."""
        if self._engine.draining_for is not None:
            return self._take_over(self._engine.draining_for)
        return self._admission() or self._addition() or self._turn()

    def _take_over(self, expert: str) -> Action:
        """Go on with a drain that was begun; what nobody wants any more is forgotten."""
        if expert not in self._queues.groups:
            return Drain(engine=self._engine.id, expert=None)
        if expert not in self._engine.experts:  # room is made for another engine: see `ladder`
            return Wait()
        return self._step_to(expert) or Wait()

    def _admission(self) -> Action | None:
        engine = self._engine
        if engine.num_in_flight >= engine.capacity:
            return None
        first = self._first_of_residents()
        if first is None or not self._may_admit(first):
            return None
        return Admit(ticket_id=first.id, engine=engine.id)

    def _first_of_residents(self) -> Ticket | None:
        groups = self._queues.groups
        waiting = [groups[one].first for one in self._engine.residents if one in groups]
        return min(waiting, key=lambda ticket: ticket.rank_s, default=None)

    def _may_admit(self, ticket: Ticket) -> bool:
        """Whether a call can begin here without another expert's bound being broken by it.

        Those that waited when the engine changed are what it changed for: they run in any case,
        and so do those that are due before all others.
        """
        if not self._due or ticket.arrived_s <= self._engine.since_s:
            return True
        if ticket.due_s <= self._due[0][0]:
            return True
        ends_s = self._now_s + self._costs.service(ticket.expert).safe_s
        return self._slack_s(starts_s=max(self._free_s, ends_s)) >= 0

    def _addition(self) -> Action | None:
        """An adapter put beside what runs: where there is room, or in an unwanted one's place."""
        engine, groups = self._engine, self._queues.groups
        missing = [one for one in engine.adapters if one in groups and one not in engine.residents]
        if not missing:
            return None
        expert = max(missing, key=lambda one: groups[one].urgency(self._now_s))
        if engine.has_adapter_room:
            return Add(engine=engine.id, expert=expert)
        if not self._has_place_for(expert) or self._now_s < self._stays_s(expert):
            return None
        return Add(engine=engine.id, expert=expert, instead_of=self._idle_adapter())

    def _has_place_for(self, expert: str) -> bool:
        """Whether an unwanted adapter can give way to this one with no drain."""
        idle = self._idle_adapter() if expert in self._engine.adapters else None
        return idle is not None and idle not in self._queues.groups

    def _turn(self) -> Action:
        """Change to what is worth it, or say when that may be."""
        best = self._best()
        if best is None:
            return Wait()
        if self._slack_s(starts_s=self._free_s, first=best) < 0 and self._due:
            best = self._due[0][1]
        presses_s = self._now_s + self._slack_s(starts_s=self._free_s)
        if not self._engine.in_flight:  # what it holds is not asked for, or would take too long
            return self._go(best)
        if presses_s <= self._now_s:
            return self._go(self._due[0][1])
        beaten_s = self._beaten_s(best)
        if beaten_s <= self._now_s:
            return self._go(best)
        review_s = max(min(presses_s, beaten_s), self._now_s + _SHORTEST_REVIEW_S)
        return Wait(until_s=None if review_s == inf else review_s)

    def _go(self, expert: str) -> Action:
        return self._step_to(expert) or Drain(engine=self._engine.id, expert=expert)

    def _step_to(self, expert: str) -> Action | None:
        """The step to `expert`, `None` while something in flight must end first."""
        engine = self._engine
        if expert in engine.residents:
            return Drain(engine=engine.id, expert=None)
        if expert in engine.adapters:
            if engine.has_adapter_room:
                return Add(engine=engine.id, expert=expert)
            idle = self._idle_adapter()
            return Add(engine=engine.id, expert=expert, instead_of=idle) if idle else None
        return None if engine.in_flight else Swap(engine=engine.id, expert=expert)

    def _idle_adapter(self) -> str | None:
        """A resident adapter that answers nothing, rather one that nobody waits for."""
        idle = self._engine.idle_adapters
        unwanted = [one for one in idle if one not in self._queues.groups]
        return next(iter(unwanted or idle), None)

    def _best(self) -> str | None:
        """The expert worth most that only a step of this engine can serve."""
        engine, now_s = self._engine, self._now_s
        others = [one for one in self._state.engines if one is not engine]
        taken = {*engine.residents, *(expert for one in others for expert in promised(one))}
        best, most = None, -1.0
        for expert, group in self._queues.groups.items():
            if expert in taken or expert not in engine.experts:
                continue
            found = worth(group, self._cost_s(expert), now_s=now_s)
            if found > most:
                best, most = expert, found
        return best

    def _cost_s(self, expert: str) -> float:
        """`C(now, expert) + S(expert)`: the drain, the step and a call."""
        costs = self._costs
        step = costs.step(step_to(self._engine, expert), expert)
        return self._free_s - self._now_s + step.mean_s + costs.service(expert).mean_s

    def _beaten_s(self, expert: str) -> float:
        """When `expert` will be worth enough more than going on, if nothing else happens."""
        stays_s = self._stays_s(expert)
        if stays_s == inf or self._has_place_for(expert):
            return stays_s
        factor = 1 / (1 - self._patience)
        group = self._queues.groups[expert]
        missing = factor * self._going_on() * self._cost_s(expert) - group.urgency(self._now_s)
        if missing <= 0:
            return stays_s
        rate = group.urgency(self._now_s + 1) - group.urgency(self._now_s)
        return max(stays_s, self._now_s + missing / rate)

    def _stays_s(self, expert: str) -> float:
        """Until when the engine keeps what it holds, unless a bound or an empty queue ends it."""
        if self._patience == 1:
            return inf
        step = self._costs.step(step_to(self._engine, expert), expert)
        return self._engine.since_s + self._patience / (1 - self._patience) * step.mean_s

    def _going_on(self) -> float:
        """What the engine is worth as it is: the calls it answers and those it could admit."""
        groups, costs = self._queues.groups, self._costs
        held = 0.0
        for expert in {*self._engine.residents, *self._engine.in_flight}:
            urgency = groups[expert].urgency(self._now_s) if expert in groups else 0.0
            calls = self._engine.in_flight.get(expert, 0) + urgency
            held += calls / max(costs.service(expert).mean_s, 1e-6)
        return held

    def _slack_s(self, *, starts_s: float, first: str | None = None) -> float:
        return slack_s(
            self._engine, self._due, self._queues, self._costs, starts_s=starts_s, first=first
        )

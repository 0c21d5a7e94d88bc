"""The policy of a slot: everybody in turn, whole groups at a time, as long as bounds are kept.

The experts that wait have their turns by when their first call is wanted. A turn is one step and
all calls that waited when it ended, in as many fills of the engine as that takes. Latecomers of the
resident are let in while they gain more by it than the others lose: that is the knob. Over all of
that stands the plan of `outlook`: what would break a bound of another is not let in. Of several
engines that are free the one turns whose resident is asked for least, so that what is in demand
keeps an engine and the tail takes turns on the others.

Source: CoServe (ASPLOS'25) puts a request behind queued ones for the same expert; polling with
gated queues is the textbook's. Ours adds the bound, the latecomers and the costs they are weighed
with. What was tried and is not here, since it lost: the score of DESIGN.md, `sum_i (1 + age_i /
bound_i) / (C + S)`, as the order of turns halves the median wait, raises the longest and breaks
bounds near saturation; a window of time for latecomers knows nothing of how many wait; keeping an
engine idle for an expert in demand while others wait lengthens the waits by more than it saves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.residency import ladder
from orchestrator.residency.actions import Action, Add, Admit, Drain, Expire, Swap, Wait
from orchestrator.residency.outlook import (
    MARGIN_S,
    Turn,
    drain_s,
    gains,
    in_turn,
    span_s,
    step_to,
)
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import ORDER_S, Group, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """`Policy` that holds every wait bound it can and swaps as rarely as it may.

    Attributes:
        patience: the knob from latency (0) to throughput (1): the weight of what latecomers of
            the resident gain by running now; the rest is the weight of what others lose. At 0
            none is let in while others wait, at 0.5 the sum of all waits is least, at 1 only an
            empty queue or a bound ends a turn.
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
        for engine in sorted(state.engines, key=lambda one: _demand(one, queues)):
            if engine.is_serving and engine.change is None:
                action = _View(engine, state, queues, costs, now_s, self.patience).action()
                if not isinstance(action, Wait):
                    return action
                review_s = min(review_s, inf if action.until_s is None else action.until_s)
        step = ladder.climb(state, queues, costs, now_s=now_s, patience=self.patience)
        if not isinstance(step, Wait):
            return step
        review_s = min(review_s, inf if step.until_s is None else step.until_s)
        return Wait(until_s=None if review_s == inf else review_s)


def _demand(engine: EngineState, queues: Queues) -> float:
    """How much the residents of an engine are asked for; of one that holds nothing, least."""
    return max((queues.popularity(one) for one in engine.residents), default=-inf)


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
        self._groups = queues.groups
        self._costs = costs
        self._now_s = now_s
        self._patience = patience

    def action(self) -> Action:
        """The one thing to do on this engine now, or when to look again."""
        if self._engine.draining_for is not None:
            return self._take_over(self._engine.draining_for)
        held = self._of_this_turn()
        if held is not None:  # the turn goes on until all that it was for have been let in
            return self._admit(held) or Wait()
        plan = in_turn(self._engine, self._state, self._queues)
        if not plan:
            late = self._first(lambda _: True)
            return (late and self._admit(late)) or Wait()
        return self._addition(plan) or self._late_admission(plan) or self._turn(plan)

    def _take_over(self, expert: str) -> Action:
        """Make room for another engine, see `ladder`, unless nobody waits for it any more."""
        return Wait() if expert in self._groups else Drain(engine=self._engine.id, expert=None)

    def _of_this_turn(self) -> Ticket | None:
        """A call that waited for a resident when the engine last changed."""
        since_s = self._engine.since_s
        return self._first(lambda group: group.oldest.arrived_s <= since_s)

    def _first(self, counts: Callable[[Group], bool]) -> Ticket | None:
        groups = [self._groups[one] for one in self._engine.residents if one in self._groups]
        waiting = [self._foremost(group) for group in groups if counts(group)]
        return min(waiting, key=lambda ticket: ticket.rank, default=None)

    def _foremost(self, group: Group) -> Ticket:
        """The first by rank, but before it one whose bound another call would break."""
        soon_s = self._now_s + self._costs.service(group.first.expert).safe_s + MARGIN_S
        return group.most_due if group.due_s <= soon_s else group.first

    def _admit(self, ticket: Ticket) -> Action | None:
        if self._engine.num_in_flight >= self._engine.capacity:
            return None
        return Admit(ticket_id=ticket.id, engine=self._engine.id)

    def _late_admission(self, plan: Sequence[Turn]) -> Action | None:
        """Let a latecomer in that is wanted before all others, or gains more than it costs them."""
        ticket = self._first(lambda _: True)
        if ticket is None or self._engine.num_in_flight >= self._engine.capacity:
            return None
        if ticket.wanted_s > plan[0][0]:
            ends_s = self._now_s + self._costs.service(ticket.expert).safe_s
            rest_s = self._span_s(plan, ends_s)
            if rest_s is None or not self._gains(ticket.expert, rest_s):
                return None
        return self._admit(ticket)

    def _turn(self, plan: Sequence[Turn]) -> Action:
        """The next turn, once what is in flight has ended."""
        if not self._engine.in_flight:
            return self._step_to(self._next(plan)) or Wait()
        adapter = next((one for _, one in plan if one in self._engine.adapters), None)
        if adapter is None:
            return Wait()
        rested_s = self._engine.since_s + self._window_s(adapter)
        return Wait(until_s=rested_s if self._now_s < rested_s < inf else None)

    def _next(self, plan: Sequence[Turn]) -> str:
        """Whose turn it is: of experts wanted at the same time, the one a plan has first.

        Advice only: it is followed where the others keep their bounds all the same.
        """
        until_s = plan[0][0] + ORDER_S
        tied = takewhile(lambda turn: turn[0] < until_s, plan)
        first = min(tied, key=lambda turn: self._groups[turn[1]].order)
        if first is not plan[0]:
            moved = [first, *(turn for turn in plan if turn is not first)]
            if self._span_s(moved, self._now_s) is None:
                return plan[0][1]
        return first[1]

    def _gains(self, expert: str, rest_s: float) -> bool:
        """Whether latecomers are worth it; while another engine of the slot changes they are.

        What that one does not use meanwhile is theirs, and so engines change one after the other.
        """
        if self._patience and any(one.change is not None for one in self._alike()):
            return True
        return gains(
            self._engine,
            self._queues,
            self._costs,
            expert=expert,
            rest_s=rest_s,
            patience=self._patience,
        )

    def _alike(self) -> list[EngineState]:
        """The engines that share the plan, this one among them."""
        lineage = self._engine.lineage
        return [one for one in self._state.engines if one.is_serving and one.lineage == lineage]

    def _window_s(self, expert: str) -> float:
        """What is granted to the residents while `expert` waits, seconds."""
        if self._patience == 1:
            return inf
        step = self._costs.step(step_to(self._engine, expert), expert)
        return self._patience / (1 - self._patience) * step.mean_s

    def _addition(self, plan: Sequence[Turn]) -> Action | None:
        """An adapter put beside what runs: where there is room, or in an unwanted one's place."""
        engine = self._engine
        expert = next((one for _, one in plan if one in engine.adapters), None)
        if expert is None:
            return None
        if engine.has_adapter_room:
            return Add(engine=engine.id, expert=expert)
        idle = self._idle_adapter()
        rested_s = engine.since_s + self._window_s(expert)
        if idle is None or idle in self._groups or self._now_s < rested_s:
            return None
        return Add(engine=engine.id, expert=expert, instead_of=idle)

    def _step_to(self, expert: str) -> Action | None:
        """The step to `expert` of an engine with nothing in flight."""
        engine = self._engine
        if expert not in engine.adapters:
            return Swap(engine=engine.id, expert=expert)
        if engine.has_adapter_room:
            return Add(engine=engine.id, expert=expert)
        idle = self._idle_adapter()
        return Add(engine=engine.id, expert=expert, instead_of=idle) if idle else None

    def _idle_adapter(self) -> str | None:
        """A resident adapter that answers nothing, rather one that nobody waits for."""
        idle = self._engine.idle_adapters
        unwanted = [one for one in idle if one not in self._groups]
        return next(iter(unwanted or idle), None)

    def _span_s(self, plan: Sequence[Turn], ends_s: float) -> float | None:
        """See `span_s`, if this engine takes part in the plan from `ends_s` on at best."""
        engine, alike = self._engine, self._alike()
        free_s = [self._now_s + drain_s(one, self._costs, now_s=self._now_s) for one in alike]
        own = next(place for place, one in enumerate(alike) if one is engine)
        free_s[own] = max(free_s[own], ends_s)
        return span_s(engine, plan, self._queues, self._costs, free_s=free_s)

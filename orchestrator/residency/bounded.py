"""The policy of a slot: everybody in turn, whole groups at a time, as long as bounds are kept.

The experts that wait have their turns by when their first call is wanted. A turn is one step and
all calls that waited when it ended, in as many fills of the engine as that takes. Latecomers of the
resident are let in while nobody else waits, and for a while after: that is the knob. Over all of
that stands the plan of `outlook`: what would break a bound of another is not let in.

Source: CoServe (ASPLOS'25) puts a request behind queued ones for the same expert; polling with
gated queues is the textbook's. Ours adds the bound, the window and the costs it is measured in.
The score of DESIGN.md, `sum_i (1 + age_i / bound_i) / (C + S)`, was tried as the order of turns: it
halves the median wait and raises the longest, and near saturation it breaks bounds that this keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.residency import ladder
from orchestrator.residency.actions import Action, Add, Admit, Drain, Expire, Swap, Wait
from orchestrator.residency.outlook import Turn, drain_s, in_turn, keeps_bounds, step_to
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import Group, Queues, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """`Policy` that holds every wait bound it can and swaps as rarely as it may.

    Attributes:
        patience: the knob from latency (0) to throughput (1). While others wait, latecomers of
            the resident are let in for `patience / (1 - patience)` times what the next step
            costs, so that no more than `1 - patience` of an engine's time goes into steps that no
            bound asks for. At 1 only an empty queue or a bound ends a turn.
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
                action = _View(engine, state, queues, costs, now_s, self.patience).action()
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
        waiting = [group.first for group in groups if counts(group)]
        return min(waiting, key=lambda ticket: ticket.rank, default=None)

    def _admit(self, ticket: Ticket) -> Action | None:
        if self._engine.num_in_flight >= self._engine.capacity:
            return None
        return Admit(ticket_id=ticket.id, engine=self._engine.id)

    def _late_admission(self, plan: Sequence[Turn]) -> Action | None:
        """Let a latecomer in that is wanted before all others, or breaks no bound in its window."""
        ticket = self._first(lambda _: True)
        if ticket is None:
            return None
        if ticket.wanted_s > plan[0][0]:
            ends_s = self._now_s + self._costs.service(ticket.expert).safe_s
            if self._now_s >= self._turn_ends_s(plan) or not self._keeps(plan, ends_s):
                return None
        return self._admit(ticket)

    def _turn(self, plan: Sequence[Turn]) -> Action:
        """The next turn, once what is in flight has ended."""
        expert = plan[0][1]
        if not self._engine.in_flight:
            return self._step_to(expert) or Wait()
        adapter = next((one for _, one in plan if one in self._engine.adapters), None)
        if adapter is None:
            return Wait()
        rested_s = self._engine.since_s + self._window_s(adapter)
        return Wait(until_s=rested_s if self._now_s < rested_s < inf else None)

    def _turn_ends_s(self, plan: Sequence[Turn]) -> float:
        """Until when latecomers are let in: a window after the step, or after others came."""
        expert = plan[0][1]
        began_s = max(self._engine.since_s, self._groups[expert].oldest.arrived_s)
        return began_s + self._window_s(expert)

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

    def _keeps(self, plan: Sequence[Turn], ends_s: float) -> bool:
        """Whether the plan keeps its bounds if it begins at `ends_s`, or after what runs now."""
        free_s = self._now_s + drain_s(self._engine, self._costs, now_s=self._now_s)
        starts_s = max(free_s, ends_s)
        return keeps_bounds(self._engine, plan, self._queues, self._costs, starts_s=starts_s)

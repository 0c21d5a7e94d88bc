"""The policy of a slot that takes calls which nobody waits for: those of others go first.

Calls that somebody waits for have their turns by `Bounded`, as if no other call were there: it
decides on a slot without background calls, and those that stand in the way of what it decides are
called back and wait again. Nobody waits for them, so what they had generated is lost at no one's
cost, and a drain takes as long as it would without them.

Background calls have what is left. Beside calls that somebody waits for, and a moment after them,
they ride along on residents, up to a share of what the engine takes; while one waits, none is let
in. On a slot where nobody asks for anything they have their turns by the same policy at its most
patient, in the order of their plan, with everything the engine takes. They pay for a step once it
has been quiet for as long as the step takes, or longer where few wait for it: ten times that at
most. Ski rental: what comes back soon is so waited for about as long as fetching it would take. A
background call of an age that would press counts like any other from then on, so none starves.

Source: conserve (arXiv:2410.01228) and HyGen (arXiv:2501.14808) put offline work beside online
calls by predicted interference within one model, and preempt it. Here there are steps as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import ceil, inf

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Step
from orchestrator.residency.actions import (
    Action,
    Add,
    Admit,
    Drain,
    Expire,
    Promote,
    Recall,
    StepAction,
    Wait,
)
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.ledger import rung_after
from orchestrator.residency.limits import BESIDE
from orchestrator.residency.outlook import drain_s
from orchestrator.residency.policy import Policy
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import Change, EngineState, SlotState
from orchestrator.residency.steps import expert_of, step_of
from orchestrator.residency.tickets import Ticket

#: How long after the last call that somebody waited for a slot is quiet, seconds.
QUIET_S = 0.5
#: For a step that few wait for it must be quiet longer, at most so many times what it takes.
_MOST_STEPS = 10.0

_PATIENT = Bounded(patience=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Courteous:
    """`Policy` that serves who is waited for as `Bounded` does, and others where that costs none.

    Attributes:
        patience: see `Bounded`.
        beside: share of `capacity` for background calls beside others, all engines of the slot
            together, one at least. At 0 they run on a quiet slot alone.
    """

    patience: float = 0.5
    beside: float = BESIDE
    _foreground: Bounded = field(init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.beside <= 1:
            raise ValueError(f"beside is {self.beside}; it must be from 0 to 1")
        object.__setattr__(self, "_foreground", Bounded(patience=self.patience))

    def __call__(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
        """See `Policy`."""
        if not queues.background and not any(engine.background for engine in state.engines):
            return self._foreground(state, queues, costs, now_s=now_s)
        return _View(state, queues, costs, now_s, self.beside).action(self._foreground)


class _View:
    """A slot with background calls at one moment, for one decision."""

    def __init__(
        self, state: SlotState, queues: Queues, costs: Costs, now_s: float, beside: float
    ) -> None:
        self._state = state
        self._queues = queues
        self._background = queues.background
        self._costs = costs
        self._now_s = now_s
        self._beside = beside
        self._is_asked = any(engine.num_foreground for engine in state.engines)
        self._last_s = max((engine.foreground_s for engine in state.engines), default=-inf)

    def action(self, foreground: Policy) -> Action:
        """The one thing to do now."""
        aged = self._aged()
        if aged is not None:
            return aged
        wanted: Action = Wait()
        if self._queues:
            wanted = self._unblocked(foreground, _without_background(self._state), self._recalls)
        if not isinstance(wanted, Wait):
            return wanted
        mine = self._surplus() or self._of_background()
        if not isinstance(mine, Wait):
            return mine
        reviews_s = [wanted.until_s, mine.until_s, self._review_s()]
        return Wait(until_s=min((one for one in reviews_s if one is not None), default=None))

    def _aged(self) -> Action | None:
        """What time has made of a background call."""
        overdue = self._background.overdue(self._now_s)
        if overdue is not None:
            return Expire(ticket_id=overdue.id)
        if not self._background or self._background.by_wanted[0][0] > self._now_s:
            return None
        num_aged = sum(ticket.is_aged for ticket in self._queues)
        if num_aged >= max(self._share, 1):
            return None
        return Promote(ticket_id=self._background.by_wanted[0][1])

    def _review_s(self) -> float | None:
        """When the next of them is of age; those that are already wait for others to be served."""
        if not self._background:
            return None
        review_s = min(self._background.by_wanted[0][0], self._background.next_due_s)
        return review_s if review_s > self._now_s else None

    def _unblocked(
        self,
        policy: Policy,
        state: SlotState,
        first: Callable[[Action], Action | None],
        queues: Queues | None = None,
    ) -> Action:
        """What a policy has done that nothing is in the way of.

        Where something is, `first` says what is to be done about it, or how long it takes: until
        then that engine is as good as changing, and the others go on.
        """
        review_s = inf
        while True:
            asked = self._queues if queues is None else queues
            action = policy(state, asked, self._costs, now_s=self._now_s)
            before = first(action)
            if isinstance(action, Wait):
                review_s = min(review_s, inf if action.until_s is None else action.until_s)
                return Wait(until_s=None if review_s == inf else review_s)
            if before is None:
                return action
            if not isinstance(before, Wait):
                return before
            assert isinstance(action, StepAction | Admit | Drain)
            review_s = min(review_s, inf if before.until_s is None else before.until_s)
            state = _as_if_begun(action, state, now_s=self._now_s)

    def _recalls(self, action: Action) -> Action | None:
        """Call back what stands in the way of a call that somebody waits for."""
        if isinstance(action, Wait | Expire | Drain | Recall | Promote):
            return None
        engine = self._state.engine(action.engine)
        blocking = list(_in_the_way(action, engine))
        if not blocking:
            return None
        ids = [one.id for one in reversed(blocking) if one.id not in engine.recalled]
        if isinstance(action, Admit):  # one place is enough
            ids = [] if engine.recalled else ids[:1]
        return Recall(ticket_ids=tuple(ids), engine=engine.id) if ids else Wait()

    def _surplus(self) -> Action | None:
        """Call back what is too many beside a call that somebody waits for, the latest first."""
        num_surplus = self._num_background - self._share
        if not self._is_asked or num_surplus <= 0:
            return None
        engine = max(self._state.engines, key=lambda one: len(one.background) - len(one.recalled))
        ids = [id_ for id_ in reversed(tuple(engine.background)) if id_ not in engine.recalled]
        return Recall(ticket_ids=tuple(ids[:num_surplus]), engine=engine.id)

    @property
    def _num_background(self) -> int:
        return sum(len(one.background) - len(one.recalled) for one in self._state.engines)

    @property
    def _share(self) -> int:
        """Background calls that may run beside others."""
        return ceil(self._beside * max(engine.capacity for engine in self._state.engines))

    def _of_background(self) -> Action:
        """Let a background call in, or take a step for one."""
        if not self._background or (self._queues and not self._is_asked):
            return Wait()
        quiet_s = self._last_s + QUIET_S
        if not self._is_asked and quiet_s <= self._now_s:
            return self._unblocked(_PATIENT, self._state, self._too_soon, self._background)
        found = self._riding_along()
        return found or Wait(until_s=None if self._is_asked else quiet_s)

    def _riding_along(self) -> Action | None:
        """Let one in beside others, on an engine that holds its expert."""
        if self._num_background >= self._share:
            return None
        groups = self._background.groups
        for engine in self._state.engines:
            if _is_open(engine):
                waiting = [groups[one].first for one in engine.residents if one in groups]
                first = min(waiting, key=lambda ticket: ticket.rank, default=None)
                if first is not None and self._has_time(first, engine):
                    return Admit(ticket_id=first.id, engine=engine.id)
        return None

    def _has_time(self, ticket: Ticket, engine: EngineState) -> bool:
        """Whether a call is likely to end before the engine is wanted for others."""
        if not self._queues:
            return True
        left_s = drain_s(_bare(engine), self._costs, now_s=self._now_s)
        return left_s >= self._costs.service(ticket.expert).mean_s

    def _too_soon(self, action: Action) -> Action | None:
        """Until when a step for background calls is not taken yet."""
        if isinstance(action, Admit | Wait | Expire | Recall | Promote):
            return None
        if isinstance(action, Drain) and action.expert is None:
            return None
        begins_s = self._last_s + max(self._toll_s(action), QUIET_S)
        return Wait(until_s=begins_s) if begins_s > self._now_s else None

    def _toll_s(self, action: StepAction | Drain) -> float:
        """What a step costs who asks next, the more the fewer it is for."""
        engine = self._state.engine(action.engine)
        if isinstance(action, Drain):
            step: Step = "sleep"
            expert = action.expert or ""
        else:
            step, expert = step_of(action, engine), expert_of(action) or ""
        step_s = self._costs.step(step, expert).mean_s
        num_calls = len(self._background.groups.get(expert, ())) or engine.capacity
        return step_s * min(max(engine.capacity / num_calls, 1.0), _MOST_STEPS)


def _is_open(engine: EngineState) -> bool:
    is_still = engine.change is None and engine.draining_for is None
    return engine.is_serving and is_still and engine.num_in_flight < engine.capacity


def _in_the_way(action: Admit | StepAction, engine: EngineState) -> Iterator[Ticket]:
    """Background calls that must let go of an engine first."""
    match action:
        case Admit():
            if engine.num_in_flight >= engine.capacity:
                yield from engine.background.values()
        case Add(instead_of=leaving):
            yield from (one for one in engine.background.values() if one.expert == leaving)
        case _:
            yield from engine.background.values()


def _without_background(state: SlotState) -> SlotState:
    """The slot as if nothing ran on it but what somebody waits for."""
    return replace(state, engines=tuple(_bare(engine) for engine in state.engines))


def _bare(engine: EngineState) -> EngineState:
    if not engine.background:
        return engine
    others = Counter(one.expert for one in engine.background.values())
    in_flight = Counter(engine.in_flight) - others
    return replace(engine, in_flight=in_flight, background={}, recalled=())


def _as_if_begun(
    action: StepAction | Admit | Drain, state: SlotState, *, now_s: float
) -> SlotState:
    """The slot as if an engine were busy with what is to happen there."""
    engine = state.engine(action.engine)
    change = Change(step="swap", expert=None, began_s=now_s)
    if not isinstance(action, Admit | Drain):
        step, to = step_of(action, engine), rung_after(action)
        change = Change(step=step, expert=expert_of(action), began_s=now_s, to=to)
    engines = (replace(one, change=change) if one is engine else one for one in state.engines)
    return replace(state, engines=tuple(engines))

"""What a policy decided and why, in words for an operator: made of what it decided on, no more.

Experts are named by the keys that the slot knows them by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Step
from orchestrator.residency.actions import (
    Action,
    Admit,
    Drain,
    Expire,
    Promote,
    Recall,
    Sleep,
    StepAction,
    Stop,
    Wait,
)
from orchestrator.residency.outlook import drain_s, promised
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.steps import expert_of, step_of

#: What can be decided; what takes time has the name its cost goes by. `resume` takes a drain back.
What = Step | Literal["admit", "expire", "drain", "resume", "recall", "promote", "wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision of a slot's policy."""

    what: What
    #: Where, `None` where it concerns no engine.
    engine: str | None = None
    #: For whom, `None` where for nobody in particular.
    expert: str | None = None
    #: One sentence.
    why: str
    #: Calls that waited at the slot.
    num_waiting: int
    #: What it was expected to take, seconds; `None` where it takes no time.
    expected_s: float | None = None

    @property
    def sentence(self) -> str:
        """What is done, without the reason."""
        whom = "" if self.expert is None else f" for {self.expert!r}"
        where = "" if self.engine is None else f" on engine {self.engine!r}"
        return f"{self.what}{whom}{where}"


def decision_of(
    action: Action, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> Decision:
    """Put an action of a policy into words.

    Args:
        action: what the policy answered.
        state: the slot before the action is carried out, as is what waits.
        queues: what waited.
        costs: what steps and calls take.
        now_s: the time it was asked at.
    """
    return _Words(state, queues, costs, now_s).of(action)


class _Words:
    """A slot at the moment of a decision."""

    def __init__(self, state: SlotState, queues: Queues, costs: Costs, now_s: float) -> None:
        self._state = state
        self._queues = queues
        self._costs = costs
        self._now_s = now_s

    def of(self, action: Action) -> Decision:
        match action:
            case Admit(ticket_id=id_, engine=engine):
                return self._admitted(self._queues[id_].expert, engine)
            case Expire(ticket_id=id_):
                ticket = self._queues[id_]
                waited_s = self._now_s - ticket.arrived_s
                why = f"its time was up after {_seconds(waited_s)}"
                return self._decided("expire", None, ticket.expert, why)
            case Drain(engine=engine, expert=expert):
                return self._drained(engine, expert)
            case Recall(ticket_ids=ids, engine=engine):
                why = f"others wait for the place of {_calls(len(ids))}"
                return self._decided("recall", engine, None, why)
            case Promote(ticket_id=id_):
                waiting = self._queues[id_]
                why = f"it has waited for {_seconds(self._now_s - waiting.arrived_s)}"
                return self._decided("promote", None, waiting.expert, why)
            case Wait(until_s=until_s):
                return self._decided("wait", None, None, self._waits(until_s))
            case step:
                return self._step(step)

    def _decided(
        self,
        what: What,
        engine: str | None,
        expert: str | None,
        why: str,
        expected_s: float | None = None,
    ) -> Decision:
        return Decision(
            what=what,
            engine=engine,
            expert=expert,
            why=why,
            num_waiting=len(self._queues),
            expected_s=expected_s,
        )

    def _admitted(self, expert: str, engine: str) -> Decision:
        takes_s = self._costs.service(expert).mean_s
        return self._decided("admit", engine, expert, "it is resident", takes_s)

    def _drained(self, engine: str, expert: str | None) -> Decision:
        if expert is None:
            return self._decided("resume", engine, None, self._resumed(engine))
        left_s = drain_s(self._state.engine(engine), self._costs, now_s=self._now_s)
        return self._decided("drain", engine, expert, self._asked_for(expert), left_s)

    def _step(self, step: StepAction) -> Decision:
        expert = expert_of(step)
        what = step_of(step, self._state.engine(step.engine))
        is_down = isinstance(step, Sleep | Stop)
        why = self._stepped_down(step.engine) if is_down else self._asked_for(expert or "")
        takes_s = self._costs.step(what, expert or "").mean_s
        return self._decided(what, step.engine, expert, why, takes_s)

    def _resumed(self, engine: str) -> str:
        expert = self._state.engine(engine).draining_for
        return f"nobody waits for {expert!r} any more"

    def _asked_for(self, expert: str) -> str:
        """Who waits for an expert, and by when it is wanted."""
        group = self._queues.groups.get(expert)
        if group is None:
            free = self._queues.background.groups.get(expert)
            if free is not None:
                return (
                    f"nobody asks for anything, and a batch has {_calls(len(free))} for {expert!r}"
                )
            return f"nobody waits for {expert!r}: ahead of need"
        waited_s = self._now_s - group.oldest.arrived_s
        left_s = group.wanted_s - self._now_s
        late = f"wanted within {_seconds(left_s)}" if left_s >= 0 else "late"
        wait = f"{_calls(len(group))} wait{'s' if len(group) == 1 else ''} for {expert!r}"
        return f"{wait}, the first for {_seconds(waited_s)}, {late}"

    def _stepped_down(self, engine: str) -> str:
        """For whom memory is freed: who waits for something that no engine serves."""
        for _, _, expert in self._queues.by_wanted:
            if not any(expert in promised(one) for one in self._state.engines):
                return f"its memory is wanted for {expert!r}: {self._asked_for(expert)}"
        return f"nobody waits for what engine {engine!r} holds"

    def _waits(self, until_s: float | None) -> str:
        if not self._queues and not self._queues.background:
            return "nobody waits"
        held = [told for one in self._state.engines if (told := self._busy(one)) is not None]
        again = "" if until_s is None else f"looked at again in {_seconds(until_s - self._now_s)}"
        told = "; ".join([*held, again] if again else held)
        if self._queues:
            return told or "no engine here can take them"
        num_free = len(self._queues.background)
        return "; ".join(filter(None, (told, f"{_calls(num_free)} of batches may wait")))

    def _busy(self, engine: EngineState) -> str | None:
        """What keeps an engine from taking who waits."""
        if engine.down is not None:
            return f"engine {engine.id!r} is down: {engine.down}"
        if engine.change is not None:
            since_s = self._now_s - engine.change.began_s
            whom = "" if engine.change.expert is None else f" to {engine.change.expert!r}"
            return f"engine {engine.id!r}: {engine.change.step}{whom} for {_seconds(since_s)}"
        if engine.num_in_flight == 0:
            return None
        ends = f"engine {engine.id!r} ends {_calls(engine.num_in_flight)}"
        to = engine.draining_for
        return ends if to is None else f"{ends}, then makes room for {to!r}"


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"

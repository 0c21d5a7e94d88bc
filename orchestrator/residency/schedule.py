"""When the turns of a slot begin, by the plan of `outlook`: the earliest wanted first, by means."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.residency.ladder import step_up
from orchestrator.residency.outlook import calls_s, drain_s, promised, step_to
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState


@dataclass(slots=True)
class _Line:
    """The turns of one engine."""

    engine: EngineState
    #: When it has ended what it does and the turns it was given, seconds from now.
    free_s: float
    #: What it needs no step for.
    held: Collection[str]
    #: Whether it was given a turn, and so has left the rung it stands on.
    has_turned: bool = False

    def start_s(self, expert: str, costs: Costs) -> float:
        """When a turn of `expert` would begin, its step included; infinite if it never can."""
        engine = self.engine
        if expert not in engine.experts:
            return inf
        if expert in self.held:
            return self.free_s
        if engine.rung != "serving" and not self.has_turned:
            return self.free_s + costs.step(step_up(engine), expert).mean_s
        return self.free_s + costs.turn(step_to(engine, expert), expert).step_s


class Schedule:
    """Gives turns to the engines that can begin them first.

    Args:
        state: the slot.
        queues: what waits there.
        costs: what steps and calls take.
        now_s: the time.
    """

    def __init__(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> None:
        self._queues = queues
        self._costs = costs
        self._lines = [
            _Line(engine, drain_s(engine, costs, now_s=now_s), tuple(promised(engine)))
            for engine in state.engines
            if engine.down is None
        ]
        #: Engines by the residents whose calls they let in as they come.
        self._doors: dict[str, list[EngineState]] = {}
        for line in self._lines:
            for expert in line.engine.residents:
                if _lets_in(line.engine, expert, queues):
                    self._doors.setdefault(expert, []).append(line.engine)

    def let_in_s(self, expert: str) -> float | None:
        """Until a resident's call finds a place among `capacity`; `None` of what needs a turn.

        Where there is room and calls of a resident wait all the same, others go first.
        """
        doors = self._doors.get(expert)
        if doors is None:
            return None
        service_s = self._costs.service(expert).mean_s
        num_waiting = len(self._queues.groups.get(expert, ()))
        return min(
            (engine.num_in_flight + num_waiting) // engine.capacity * service_s for engine in doors
        )

    def start_s(self, expert: str) -> float:
        """Until the next call of `expert` is let in, if its turn were given now; else infinite."""
        line = self._first(expert)
        if line is None:
            return inf
        group = self._queues.groups.get(expert, ())
        rounds = len(group) // line.engine.capacity
        return line.start_s(expert, self._costs) + rounds * self._costs.service(expert).mean_s

    def give(self, expert: str) -> None:
        """Let all that wait for `expert` have their turn."""
        line = self._first(expert)
        if line is None:
            return
        turn = self._costs.turn(step_to(line.engine, expert), expert)
        num_calls = len(self._queues.groups[expert])
        line.free_s = line.start_s(expert, self._costs)
        line.free_s += calls_s(turn, num_calls, line.engine.capacity)
        line.held, line.has_turned = (expert,), True

    def _first(self, expert: str) -> _Line | None:
        if len(self._lines) == 1:
            return self._lines[0] if expert in self._lines[0].engine.experts else None
        able = [line for line in self._lines if expert in line.engine.experts]
        return min(able, key=lambda line: line.start_s(expert, self._costs), default=None)


def _lets_in(engine: EngineState, expert: str, queues: Queues) -> bool:
    if not engine.is_serving or engine.draining_for is not None or engine.change is not None:
        return False
    return expert not in queues.groups or engine.num_in_flight >= engine.capacity

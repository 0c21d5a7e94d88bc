"""What lies before an engine: what it drains, whose turn is next, and whether bounds are kept.

All promises are checked against one plan: after what is in flight, the groups that wait are served
one after the other, the earliest wanted first, each with all that waits in it. While that plan
keeps every bound an engine may stay with what it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heapreplace
from math import log, sqrt
from typing import Literal

from orchestrator.costs.costs import Costs, TurnCost
from orchestrator.costs.estimate import SAFETY
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import Group

#: By when an expert is wanted, and the expert.
Turn = tuple[float, str]

#: What a decision is kept ahead of its latest moment, for timers and messages that are late.
MARGIN_S = 0.02
_SAFETY_2 = SAFETY**2


def step_to(engine: EngineState, expert: str) -> Literal["add", "swap"]:
    """The step that makes a serving engine hold an expert it does not hold."""
    return "add" if expert in engine.adapters else "swap"


def drain_s(engine: EngineState, costs: Costs, *, now_s: float) -> float:
    """Seconds until what is in flight or under way has ended."""
    change = engine.change
    left_s = 0.0
    if change is not None:
        step = costs.step(change.step, change.expert or "")
        left_s = max(change.began_s + step.safe_s - now_s, 0.0)
    if engine.in_flight:
        longest_s = max(costs.service(expert).safe_s for expert in engine.in_flight)
        left_s = max(left_s, engine.admitted_s + longest_s - now_s)
    return left_s


def in_turn(engine: EngineState, state: SlotState, queues: Queues) -> list[Turn]:
    """When each expert that waits for a step of `engine` is wanted, in the order of the plan."""
    others = [one for one in state.engines if one is not engine]
    taken = {expert for one in others for expert in promised(one)}
    if engine.draining_for is None:
        taken.update(engine.residents)
    return [
        (wanted_s, expert)
        for wanted_s, _, expert in queues.by_wanted
        if expert not in taken and expert in engine.experts
    ]


def promised(engine: EngineState) -> Iterable[str]:
    """Experts that an engine serves already or will when its step or drain ends."""
    coming = () if engine.change is None else (engine.change.expert or "",)
    if engine.rung != "serving" or engine.down is not None:
        return coming
    if engine.draining_for is None:
        return (*engine.residents, *coming)
    return (engine.draining_for,) if engine.draining_for in engine.experts else ()


def span_s(
    engine: EngineState,
    plan: Iterable[Turn],
    queues: Queues,
    costs: Costs,
    *,
    free_s: Iterable[float],
) -> float | None:
    """Seconds the plan keeps its engines if nothing else arrives; `None` if it breaks a bound.

    Everybody must have its turn when it is wanted. Deviations add up as their squares do: not
    everything is late at once. What has no bound counts with the time by which its age is pressing,
    so that it is not passed over for ever.

    Args:
        engine: what serves them, or one of several alike.
        plan: the turns, in order; each goes to the engine that is free first.
        queues: how much waits in each.
        costs: what steps and calls take.
        free_s: when each engine that serves the plan is free.
    """
    lines = [(at_s + MARGIN_S, 0.0) for at_s in free_s]
    heapify(lines)
    starts_s = lines[0][0]
    groups, capacity, adapters = queues.groups, engine.capacity, engine.adapters
    for wanted_s, expert in plan:
        turn = costs.turn("add" if expert in adapters else "swap", expert)
        at_s, variance = lines[0]
        at_s += turn.step_s
        variance += turn.step_variance
        if at_s > wanted_s or _SAFETY_2 * variance > (wanted_s - at_s) ** 2:
            return None
        at_s += calls_s(turn, len(groups[expert].tickets), capacity)
        heapreplace(lines, (at_s, variance + turn.call_variance))
    return lines[0][0] - starts_s


def calls_s(turn: TurnCost, num_calls: int, capacity: int) -> float:
    """Seconds from when so many calls of an expert are let in until the last of them ends.

    The longest of `n` whose lengths vary as if they had no memory takes `ln n` deviations more than
    one does; what does not find a place at once comes in as others end.
    """
    if num_calls == 1:
        return turn.call_s
    beside = min(num_calls, capacity)
    rounds = 1 + (num_calls - beside) / capacity
    return rounds * turn.call_s + sqrt(turn.call_variance) * log(beside)


def gains(
    engine: EngineState,
    queues: Queues,
    costs: Costs,
    *,
    expert: str,
    rest_s: float,
    patience: float,
) -> bool:
    """Whether a resident's latecomers gain more by running now than they cost those who wait.

    Left for its next turn they wait for the rest of the plan. Run now they put that off: with `n`
    answers beside one another the last ends after about `mean (1 + 1/2 + ... + 1/n)`, so that `m`
    more add `mean ln((n + m) / n)`, and everybody else waits so much longer. Where many run,
    latecomers are cheap; where many wait, they are dear. Engines divide the plan between them,
    but not what is done longer: they share one accelerator.

    Args:
        engine: where they would run; it has room.
        queues: how much waits.
        costs: what steps and calls take.
        expert: the resident.
        rest_s: how long the plan keeps its engines, see `span_s`.
        patience: weight of what they gain, from 0 to 1; the rest is that of what they cost.
    """
    if patience in (0, 1):
        return patience == 1
    late, running = len(queues.groups[expert]), engine.num_in_flight
    more = min(late, engine.capacity - running)
    longer_s = costs.service(expert).mean_s * log((running + more + 0.5) / (running + 0.5))
    return patience * more * rest_s > (1 - patience) * (len(queues) - late) * longer_s


def worth(group: Group, cost_s: float, *, now_s: float) -> float:
    """Urgency served for each second that it takes."""
    return group.urgency(now_s) / max(cost_s, 1e-6)

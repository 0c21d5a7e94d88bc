"""What lies before an engine if it goes on as it does: drains, bounds, and the time that is left.

All promises are checked against one plan: after what is in flight, the groups that wait are served
one after the other, the earliest wanted first, each with all that waits in it. While that plan
keeps every bound an engine may stay with what it has; the difference is its slack.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, inf, sqrt

from orchestrator.costs.costs import Costs
from orchestrator.costs.estimate import SAFETY
from orchestrator.costs.prior import Step
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import Group, Queues

#: What a decision is kept ahead of its latest moment, for timers and messages that are late.
MARGIN_S = 0.02


def step_to(engine: EngineState, expert: str) -> Step:
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


def in_turn(engine: EngineState, state: SlotState, queues: Queues) -> list[str]:
    """The experts that wait for a step of `engine`, in the order of the plan."""
    others = [one for one in state.engines if one is not engine]
    taken = {expert for one in others for expert in promised(one)}
    if engine.draining_for is None:
        taken.update(engine.residents)
    return [
        expert
        for _, _, expert in queues.by_wanted
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


def slack_s(
    engine: EngineState,
    plan: Iterable[str],
    queues: Queues,
    costs: Costs,
    *,
    starts_s: float,
) -> float:
    """Seconds that the plan can begin later than `starts_s` and still keep every bound.

    Deviations add up as their squares do: not everything is late at once.

    Args:
        engine: what serves them.
        plan: the experts to serve, in turn.
        queues: how much waits in each.
        costs: what steps and calls take.
        starts_s: when the engine is free.
    """
    slack, variance = inf, 0.0
    at_s = starts_s + MARGIN_S
    groups, capacity = queues.groups, engine.capacity
    for expert in plan:
        step, call = costs.step(step_to(engine, expert), expert), costs.service(expert)
        at_s += step.mean_s
        variance += step.deviation_s**2
        group = groups[expert]
        slack = min(slack, group.due_s - at_s - SAFETY * sqrt(variance))
        rounds = ceil(len(group) / capacity)
        at_s += rounds * call.mean_s
        variance += rounds * call.deviation_s**2
    return slack


def worth(group: Group, cost_s: float, *, now_s: float) -> float:
    """Urgency served for each second that it takes."""
    return group.urgency(now_s) / max(cost_s, 1e-6)

"""What lies before an engine if it goes on as it does: drains, bounds, and the time that is left.

All promises are checked against one plan: after what is in flight, the groups that wait are served
one after the other, the earliest due first, each for one round of its calls. While that plan keeps
every bound an engine may do as it likes; the difference is its slack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, inf

from orchestrator.costs.costs import Costs
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


def rounds_s(expert: str, num_calls: int, capacity: int, costs: Costs) -> float:
    """Seconds that an engine is held by `num_calls` of one expert."""
    return costs.service(expert).safe_s * ceil(num_calls / capacity)


def due_groups(
    engine: EngineState, state: SlotState, queues: Queues
) -> Iterator[tuple[float, str]]:
    """When each group that only a step of `engine` can serve is due; the earliest first."""
    others = [one for one in state.engines if one is not engine]
    taken = {expert for one in others for expert in promised(one)}
    held = () if engine.draining_for else engine.residents
    for due_s, expert in queues.by_due:
        if due_s == inf:
            return
        if expert not in held and expert not in taken and expert in engine.experts:
            yield due_s, expert


def promised(engine: EngineState) -> Iterable[str]:
    """Experts that an engine serves already or will when its step or drain ends."""
    if engine.rung != "serving" or engine.down is not None:
        return () if engine.change is None else (engine.change.expert or "",)
    if engine.draining_for is not None:
        return (engine.draining_for,)
    coming = () if engine.change is None else (engine.change.expert or "",)
    return (*engine.residents, *coming)


def slack_s(
    engine: EngineState,
    due: Iterable[tuple[float, str]],
    queues: Queues,
    costs: Costs,
    *,
    starts_s: float,
    first: str | None = None,
) -> float:
    """Seconds that the plan can begin later than `starts_s` and still keep every bound.

    Args:
        engine: what serves them.
        due: the groups to serve, the earliest due first.
        queues: how much waits in each.
        costs: what steps and calls take.
        starts_s: when the engine is free.
        first: an expert served before all others.
    """
    slack = inf
    at_s = starts_s + MARGIN_S
    groups = queues.groups
    if first is not None:
        at_s += _ready_s(engine, first, costs)
        slack = groups[first].due_s - at_s
        at_s += rounds_s(first, len(groups[first]), engine.capacity, costs)
    for due_s, expert in due:
        if expert != first:
            at_s += _ready_s(engine, expert, costs)
            slack = min(slack, due_s - at_s)
            at_s += rounds_s(expert, len(groups[expert]), engine.capacity, costs)
    return slack


def _ready_s(engine: EngineState, expert: str, costs: Costs) -> float:
    return costs.step(step_to(engine, expert), expert).safe_s


def worth(group: Group, cost_s: float, *, now_s: float) -> float:
    """Urgency served for each second that it takes: what a policy maximises."""
    return group.urgency(now_s) / max(cost_s, 1e-6)

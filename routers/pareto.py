"""Quality against cost: the best maps over a range of one budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .affordable import OverBudgetError
from .base import RouterError
from .budget import BudgetedMap, MapTask, best_map
from .spending import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One map of the curve."""

    #: Of the measure; what it spends may be less.
    limit: float
    found: BudgetedMap


def pareto_curve(
    task: MapTask, measure: Measure, *, num_points: int = 12, time_s: float = 10.0
) -> tuple[Point, ...]:
    """Maps none of which is both dearer and no better than another, cheapest first.

    Limits go in equal ratios from the cheapest expert to what the best map spends where this
    budget is left out; the task's other budgets stay.

    Args:
        task: what to serve; its own budget of `measure` is left out.
        measure: what is paid.
        num_points: limits that are tried.
        time_s: longest search of each.

    Raises:
        RouterError: no map holds the other budgets, or no cost is stated.
    """
    rest = {name: limit for name, limit in task.budgets.items() if name != measure}
    stated = [task.costs.of(name, measure) for name in task.quality.experts]
    stated = [cost for cost in stated if cost >= 0]
    if not stated:
        raise RouterError(f"no expert has a stated {measure}; a curve needs it of two or more")
    # Far over what any map takes: it only leaves out experts whose cost nobody stated.
    most = sum(stated) + sum(task.costs.of(name, measure) for name in task.always) + 1
    top = best_map(replace(task, budgets={**rest, measure: most}), time_s=time_s)
    points = [Point(limit=top.spent[measure], found=top)]
    for limit in _limits(measure, min(stated), top.spent[measure], num_points):
        try:
            found = best_map(replace(task, budgets={**rest, measure: limit}), time_s=time_s)
        except OverBudgetError:
            # Too little for the other budgets, or for who is always there.
            continue
        points.append(Point(limit=limit, found=found))
    return _front(points, measure)


def _limits(measure: Measure, least: float, most: float, num_points: int) -> list[float]:
    if measure == "num_experts":
        return [float(num) for num in range(1, min(int(most), num_points + 1))]
    # From what is free no ratio leads up: a thousandth stands for it.
    least = max(least, most / 1000)
    if most <= least:
        return []
    steps: list[float] = np.geomspace(least, most, max(num_points, 2))[:-1].tolist()
    return [least, *(float(f"{step:.6g}") for step in steps[1:])]


def _front(points: Sequence[Point], measure: Measure) -> tuple[Point, ...]:
    kept: list[Point] = []
    for point in sorted(points, key=lambda it: (it.found.spent[measure], -it.found.quality)):
        if not kept or point.found.quality > kept[-1].found.quality + 1e-9:
            kept.append(point)
    return tuple(kept)

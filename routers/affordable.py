"""Which experts can stand in a map with budgets, and the smallest budgets that any map holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan

import numpy as np

from .assignment import Problem, solve
from .base import RouterError
from .spending import REQUEST_MEASURES, SET_MEASURES, Costs, Measure


class OverBudgetError(RouterError):
    """No map holds the budgets."""


def able_experts(
    experts: Sequence[str],
    costs: Costs,
    budgets: Mapping[Measure, float],
    always: Sequence[str],
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Experts whose cost is known wherever there is a budget.

    Returns:
        Those, and the others with the reason.

    Raises:
        RouterError: none is left, or the cost of one that is always there is not known.
    """
    costs.checked()
    left_out = {}
    for name in experts:
        unknown = [measure for measure in budgets if isnan(costs.of(name, measure))]
        if unknown:
            left_out[name] = f"its {', '.join(unknown)} is not stated"
    if bare := sorted(set(always) & set(left_out)):
        raise RouterError(f"expert {bare[0]!r} is to be there always, but {left_out[bare[0]]}")
    able = tuple(name for name in experts if name not in left_out)
    if not able:
        raise RouterError(
            f"no expert has a stated cost for the budgets {sorted(budgets)}; state them for one of "
            f"{sorted(experts)}"
        )
    return able, left_out


def refusal(
    problem: Problem,
    experts: Sequence[str],
    costs: Costs,
    budgets: Mapping[Measure, float],
    *,
    time_s: float,
) -> OverBudgetError:
    """Why no map holds the budgets: the smallest values that one would hold."""
    measures = [name for name in (*SET_MEASURES, *REQUEST_MEASURES) if name in budgets]
    alone = {}
    for row, measure in enumerate(measures):
        least = _least(problem, row, others=False, time_s=time_s)
        if least is not None and least > 1 + 1e-9:
            alone[measure] = least * budgets[measure]
    if alone:
        told = ", ".join(
            f"{name} {budgets[name]:g} (the smallest that a map reaches is {least:g})"
            for name, least in alone.items()
        )
        return OverBudgetError(f"no map holds {told}; raise it or add a cheaper expert")
    together = []
    for row, measure in enumerate(measures):
        if (least := _least(problem, row, others=True, time_s=time_s)) is not None:
            together.append(f"{measure} {least * budgets[measure]:g}")
    given = ", ".join(f"{name} {budgets[name]:g}" for name in measures)
    told = " or ".join(together) or "none of them alone is enough"
    return OverBudgetError(f"no map holds {given} together; raising one: {told}")


def _least(problem: Problem, row: int, *, others: bool, time_s: float) -> float | None:
    """The least that any map takes of one budget, as a factor of it; None where there is none."""
    num_set = len(problem.of_set)
    kept_set = [i for i in range(num_set) if others and i != row]
    kept_request = [i for i in range(len(problem.of_request)) if others and i + num_set != row]
    rest = replace(
        problem, of_set=problem.of_set[kept_set], of_request=problem.of_request[kept_request]
    )
    best = None
    for column in range(problem.num_experts):
        columns = np.full(len(problem.shares), column)
        if (rest.spent(columns) <= 1 + 1e-9).all():
            spent = float(problem.spent(columns)[row])
            best = spent if best is None else min(best, spent)
    if len(rest.of_request) + (row >= num_set) < 2:
        # With one average, a map takes no less than one of its experts does alone.
        return best
    return _least_mixed(problem, rest, row, time_s=time_s)


def _least_mixed(problem: Problem, rest: Problem, row: int, *, time_s: float) -> float | None:
    """The same where experts must be mixed to hold the other budgets."""
    num_set, everywhere = len(problem.of_set), np.ones(problem.gains.shape, dtype=bool)
    if row >= num_set:
        cost = problem.of_request[row - num_set]
        aimed = replace(rest, gains=-problem.shares[:, None] * cost)
        found = solve(aimed, everywhere, time_s=time_s).columns
    else:
        cost = problem.of_set[row]
        # A budget that nothing exceeds, so that the program says who is used.
        loose = np.vstack([rest.of_set, cost / max(float(cost.sum()), 1e-12)])
        aimed = replace(rest, gains=np.zeros(problem.gains.shape), of_set=loose)
        found = solve(aimed, everywhere, time_s=time_s, cost_of_use=cost).columns
    return None if found is None else float(problem.spent(found)[row])

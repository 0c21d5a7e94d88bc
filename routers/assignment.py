"""Which expert serves which category under budgets, as an integer program for HiGHS.

Source: the category-to-expert map of CoE, arXiv:2412.01868; the program is our reconstruction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

Table = NDArray[np.float64]
Flags = NDArray[np.bool_]
Columns = NDArray[np.int64]

#: Rows are scaled to this limit: HiGHS holds rows to 1e-6, so budgets to a part in 1e10.
_SCALE = 1e4
#: Status of scipy's solver: no assignment holds the budgets.
_INFEASIBLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Gains and costs as numbers; every limit is 1."""

    #: Shape [n_categories, n_experts]; what a category adds if an expert serves it.
    gains: Table
    #: Shape [n_categories]; sums to 1.
    shares: Table
    #: Shape [n_budgets_of_the_set, n_experts]; paid once by every expert that is used.
    of_set: Table
    #: Shape [n_budgets_of_a_request, n_experts]; paid by the share of requests it serves.
    of_request: Table
    #: Shape [n_experts]; used whatever serves the categories.
    always: Flags

    @property
    def num_experts(self) -> int:
        """Columns."""
        return len(self.always)

    def gain(self, columns: Columns) -> float:
        """What an assignment is worth."""
        return float(self.gains[np.arange(len(columns)), columns].sum())

    def spent(self, columns: Columns) -> Table:
        """What an assignment costs, budget by budget; over 1 is too much."""
        used = self.always.copy()
        used[columns] = True
        each = self.of_request[:, columns] @ self.shares
        return np.concatenate([self.of_set[:, used].sum(axis=1), each])

    def tightened(self, factors: Table) -> Problem:
        """The problem with smaller limits, as factors of these."""
        num = len(self.of_set)
        return replace(
            self,
            of_set=self.of_set / factors[:num, None],
            of_request=self.of_request / factors[num:, None],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What the solver says of the cells it was given."""

    #: Shape [n_categories]; None where none was found.
    columns: Columns | None
    #: No assignment of these cells is worth more; -inf where none exists.
    bound: float


def solve(
    problem: Problem, cells: Flags, *, time_s: float, cost_of_use: Table | None = None
) -> Solved:
    """The best assignment among `cells`, or the best that was found in time.

    Args:
        problem: what is to be gained and held.
        cells: shape [n_categories, n_experts]; which expert may serve which category.
        time_s: longest search.
        cost_of_use: shape [n_experts]; what using an expert takes from the gain, where there is a
            budget of the set.
    """
    rows, columns = np.nonzero(cells)
    program = _Program(problem, rows, columns)
    use = np.zeros(program.num_used) if cost_of_use is None else cost_of_use
    found = milp(
        np.concatenate([-problem.gains[rows, columns], use]),
        integrality=np.ones(program.num_variables),
        bounds=Bounds(program.least(), 1),
        constraints=program.constraints(),
        options={"time_limit": max(time_s, 0.01), "mip_rel_gap": 1e-9},
    )
    if found.status == _INFEASIBLE:
        return Solved(columns=None, bound=-np.inf)
    bound = np.inf if found.mip_dual_bound is None else -float(found.mip_dual_bound)
    if found.x is None:
        return Solved(columns=None, bound=bound)
    taken = found.x[: len(rows)] > 0.5
    chosen = np.zeros(len(problem.shares), dtype=np.int64)
    chosen[rows[taken]] = columns[taken]
    return Solved(columns=chosen, bound=bound)


class _Program:
    """Variables: the cells, then whether an expert is used, where a budget asks for it."""

    def __init__(self, problem: Problem, rows: Columns, columns: Columns) -> None:
        self._problem, self._rows, self._columns = problem, rows, columns
        self.num_used = problem.num_experts if len(problem.of_set) else 0
        self.num_variables = len(rows) + self.num_used

    def least(self) -> Table:
        """Lower bounds: an expert that is always used is one."""
        always = self._problem.always[: self.num_used].astype(np.float64)
        return np.concatenate([np.zeros(len(self._rows)), always])

    def constraints(self) -> list[LinearConstraint]:
        """Every category is served once, by who is used, within the budgets."""
        problem, num = self._problem, len(self._rows)
        cells = np.arange(num)
        shape = (len(problem.shares), self.num_variables)
        once = coo_array((np.ones(num), (self._rows, cells)), shape=shape).tocsr()
        found = [LinearConstraint(once, 1, 1)]
        if self.num_used:
            ends = np.concatenate([cells, num + self._columns])
            signs = np.concatenate([np.ones(num), -np.ones(num)])
            link = coo_array((signs, (np.tile(cells, 2), ends)), shape=(num, self.num_variables))
            found.append(LinearConstraint(link.tocsr(), -np.inf, 0))
            paid = np.hstack([np.zeros((len(problem.of_set), num)), problem.of_set])
            found.append(LinearConstraint(paid * _SCALE, -np.inf, _SCALE))
        if len(problem.of_request):
            paid = problem.shares[self._rows] * problem.of_request[:, self._columns]
            paid = np.hstack([paid, np.zeros((len(paid), self.num_used))])
            found.append(LinearConstraint(paid * _SCALE, -np.inf, _SCALE))
        return found

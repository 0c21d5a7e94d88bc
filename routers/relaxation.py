"""How good a map under budgets can be at most, and which cells of it the best one may use.

Budgets and "one expert a category" are priced in the place of being held (Lagrangian relaxation).
The prices bound every map from above, and say of each cell how much a map loses at least by using
it, so that a program over hundreds of experts shrinks to the few cells that can matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assignment import Flags, Problem, Table

_MAX_STEPS = 1500
#: Steps without progress after which the next ones are shorter.
_PATIENCE = 20
_SHORTER = 0.7
_SHORTEST = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """A bound and what its prices say."""

    #: No assignment that holds the budgets is worth more.
    bound: float
    #: Shape [n_categories, n_experts], 0 or under; the bound of all that use a cell is lower by it.
    losses: Table
    #: Shape [n_budgets_of_a_request]; what a whole budget is worth.
    prices: Table

    def cells(self, slack: float) -> Flags:
        """Cells that an assignment worth `bound - slack` or more may use."""
        return np.asarray(self.losses >= -slack)


def relax(problem: Problem, *, floor: float) -> Relaxed:
    """Prices that bound the problem tightly.

    Args:
        problem: what is to be gained and held.
        floor: what a known assignment is worth; steps aim at it.
    """
    best = _Prices.first(problem)
    bound, prices = best.bound(), best
    step, stalled = 1.0, 0
    for _ in range(_MAX_STEPS):
        prices = prices.moved(step * max(prices.bound() - floor, 1e-9))
        if (found := prices.bound()) < bound - 1e-9:
            bound, best, stalled = found, prices, 0
            continue
        stalled += 1
        if stalled > _PATIENCE:
            step, stalled, prices = step * _SHORTER, 0, best
        if step < _SHORTEST or bound - floor < 1e-9:
            break
    return Relaxed(bound=bound, losses=best.losses(), prices=best.of_request)


class _Prices:
    """One point of the dual: prices of categories and of budgets."""

    def __init__(
        self, problem: Problem, *, category: Table, of_set: Table, of_request: Table
    ) -> None:
        self._problem, self._of_set, self.of_request = problem, of_set, of_request
        net = problem.gains - problem.shares[:, None] * (of_request @ problem.of_request)
        # Where nothing is paid for the set, the best price of a category is known.
        self._category = category if len(of_set) else net.max(axis=1)
        self._surplus = net - self._category[:, None]
        self._worth = np.maximum(self._surplus, 0).sum(axis=0) - of_set @ problem.of_set

    @classmethod
    def first(cls, problem: Problem) -> _Prices:
        """Each category priced at a gain that a few experts exceed; budgets cost nothing."""
        rank = min(5, problem.num_experts)
        return cls(
            problem,
            category=np.sort(problem.gains, axis=1)[:, -rank],
            of_set=np.zeros(len(problem.of_set)),
            of_request=np.zeros(len(problem.of_request)),
        )

    def bound(self) -> float:
        """What no assignment exceeds."""
        worth = np.where(self._problem.always, self._worth, np.maximum(self._worth, 0))
        prices = self._category.sum() + self._of_set.sum() + self.of_request.sum()
        return float(prices + worth.sum())

    def losses(self) -> Table:
        """How much lower the bound is for those who use a cell."""
        worth = np.where(self._problem.always, 0, np.minimum(self._worth, 0))
        return np.asarray(np.minimum(self._surplus, 0) + worth)

    def moved(self, target: float) -> _Prices:
        """Prices after a step along the slope, as long as would reach `target` if it were flat."""
        problem = self._problem
        if len(self._of_set):
            used = (self._worth > 0) | problem.always
            serves = (self._surplus > 0) & used
        else:
            used = np.ones(problem.num_experts, dtype=bool)
            serves = np.zeros(self._surplus.shape, dtype=bool)
            serves[np.arange(len(serves)), self._surplus.argmax(axis=1)] = True
        category = (1 - serves.sum(axis=1)) * problem.shares
        of_set = 1 - problem.of_set @ used
        of_request = 1 - problem.of_request @ (problem.shares @ serves)
        mean = problem.shares.mean()
        norm = category @ category / mean + of_set @ of_set + of_request @ of_request
        length = target / max(float(norm), 1e-12)
        return _Prices(
            problem,
            category=self._category - length * category * problem.shares / mean,
            of_set=np.maximum(self._of_set - length * of_set, 0),
            of_request=np.maximum(self.of_request - length * of_request, 0),
        )

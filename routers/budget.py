"""The category-to-expert map under budgets: the best one, proven, and every budget held exactly.

Source: the map of CoE, arXiv:2412.01868, with a budget of total parameters; the other budgets, the
bound and the proof are ours. Quality is to be shrunk (`routers/profiles.py`), or few labels lose
to the best single expert.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .affordable import able_experts, refusal
from .assignment import Columns, Problem, solve
from .base import RouterError
from .greedy import good_assignment
from .mapping import Quality
from .relaxation import Relaxed, relax
from .spending import MEASURES, REQUEST_MEASURES, SET_MEASURES, Costs, Measure, exact, spent

#: Nearer to the bound than this is the best.
_PROVEN = 1e-6
#: Cells of the first program, for each category.
_FIRST_CELLS = 10
_MAX_ROUNDS = 5
#: More than the solver's tolerance of a budget, as a share of it.
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTask:
    """What a map is to serve, and within what."""

    quality: Quality
    #: Shape [n_categories], 0 or more: requests of each category, or their shares.
    traffic: NDArray[np.float64]
    costs: Costs
    #: Measure -> the most that the map may take of it.
    budgets: Mapping[Measure, float] = field(default_factory=dict)
    #: Experts that are there whatever the map says, such as a router's fallback.
    always: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        num, known = len(self.quality.categories), self.quality.experts
        fits = self.traffic.shape == (num,) and np.isfinite(self.traffic).all()
        if not fits or (self.traffic < 0).any() or not self.traffic.sum() > 0:
            raise RouterError(f"traffic needs {num} numbers, 0 or more and one over 0")
        for measure, limit in self.budgets.items():
            if measure not in MEASURES or not 0 < limit < float("inf"):
                raise RouterError(
                    f"budget {measure!r} is {limit}; budgets lie over 0, known: {list(MEASURES)}"
                )
        if absent := sorted(set(self.always) - set(known)):
            raise RouterError(f"experts {absent} were not measured; measured: {sorted(known)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetedMap:
    """A map that holds its budgets."""

    expert_by_category: Mapping[str, str]
    #: Those it uses, and those that are always there.
    experts: tuple[str, ...]
    #: Expected quality of a request, in [0, 1].
    quality: float
    #: No map within these budgets is better than this.
    bound: float
    #: Of every measure that is known of all its experts.
    spent: Mapping[Measure, float]
    #: Expert -> why it could not be considered.
    left_out: Mapping[str, str]

    @property
    def gap(self) -> float:
        """How much better another map may be at most."""
        return max(self.bound - self.quality, 0.0)

    @property
    def is_optimal(self) -> bool:
        """Whether it is proven that none is better."""
        return self.gap <= _PROVEN


def best_map(
    task: MapTask, *, time_s: float = 10.0, clock: Callable[[], float] = time.monotonic
) -> BudgetedMap:
    """The map with the highest expected quality within the budgets.

    Args:
        task: what to serve and within what.
        time_s: longest search; after it the best map so far, with the gap to what may be.
        clock: monotonic seconds.

    Raises:
        RouterError: no map holds the budgets: says the smallest values that one does.
    """
    end_s = clock() + time_s
    able, left_out = able_experts(task.quality.experts, task.costs, task.budgets, task.always)
    pool = _Pool(task, able)
    known = pool.first(time_s=time_s)
    if known is None:
        raise refusal(pool.problem, able, task.costs, task.budgets, time_s=time_s)
    found, bound = _searched(pool, known, left_s=lambda: end_s - clock())
    return pool.map(found, bound=bound, left_out=left_out)


class _Pool:
    """A task as numbers, over the experts that may serve."""

    def __init__(self, task: MapTask, experts: tuple[str, ...]) -> None:
        self._task, self._experts = task, experts
        columns = [task.quality.experts.index(name) for name in experts]
        self._table = task.quality.table[:, columns].astype(np.float64)
        shares = task.traffic / task.traffic.sum()
        self._traffic = [exact(count) for count in task.traffic]
        self.problem = Problem(
            gains=shares[:, None] * self._table,
            shares=shares,
            of_set=self._rows(SET_MEASURES),
            of_request=self._rows(REQUEST_MEASURES),
            always=np.array([name in task.always for name in experts]),
        )

    def first(self, *, time_s: float) -> Columns | None:
        """The best single expert within the budgets; where there is none, any map that holds."""
        for column in np.argsort(-self.problem.gains.sum(axis=0), kind="stable"):
            columns = np.full(len(self.problem.shares), column)
            if self.holds(columns):
                return columns
        if len(self.problem.of_request) < 2:
            # With one average, the cheapest expert of a map that holds would do alone.
            return None
        everywhere = np.ones(self.problem.gains.shape, dtype=bool)
        found = solve(self.problem, everywhere, time_s=time_s).columns
        return found if found is not None and self.holds(found) else None

    def holds(self, columns: Columns) -> bool:
        """Whether every budget is held, in exact arithmetic."""
        return all(
            found is not None and found <= exact(self._task.budgets[measure])
            for measure, found in self._spent(columns, tuple(self._task.budgets)).items()
        )

    def map(self, columns: Columns, *, bound: float, left_out: Mapping[str, str]) -> BudgetedMap:
        """What an assignment stands for; categories without traffic go to the best that is used."""
        task = self._task
        used = np.unique(np.concatenate([columns, np.flatnonzero(self.problem.always)]))
        idle = self.problem.shares == 0
        columns = columns.copy()
        columns[idle] = used[self._table[idle][:, used].argmax(axis=1)]
        quality = self.problem.gain(columns)
        return BudgetedMap(
            expert_by_category={
                name: self._experts[i]
                for name, i in zip(task.quality.categories, columns, strict=True)
            },
            experts=tuple(self._experts[i] for i in used),
            quality=quality,
            bound=max(bound, quality),
            spent={
                measure: float(found)
                for measure, found in self._spent(columns, MEASURES).items()
                if found is not None
            },
            left_out=left_out,
        )

    def _spent(
        self, columns: Columns, measures: tuple[Measure, ...]
    ) -> dict[Measure, Fraction | None]:
        served: dict[str, Fraction] = {}
        for count, column in zip(self._traffic, columns.tolist(), strict=True):
            served[self._experts[column]] = served.get(self._experts[column], Fraction(0)) + count
        return {
            measure: spent(
                measure,
                traffic_by_expert=served,
                always=self._task.always,
                costs=self._task.costs,
            )
            for measure in measures
        }

    def _rows(self, measures: tuple[Measure, ...]) -> NDArray[np.float64]:
        task = self._task
        rows = [
            [task.costs.of(name, measure) / task.budgets[measure] for name in self._experts]
            for measure in measures
            if measure in task.budgets
        ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self._experts))


class _Search:
    """The best assignment so far, and what no assignment exceeds.

    A first program over the cells that look best finds a map that is nearly the best; then every
    cell is out that no better map can use, and the next program over the rest proves it.
    """

    def __init__(self, pool: _Pool, known: Columns) -> None:
        self._pool = pool
        self._problem = self._tried = pool.problem
        self.best, self.bound = known, float("inf")
        self._value = self._problem.gain(known)
        self._has_solved = False

    @property
    def is_proven(self) -> bool:
        """Whether nothing better is left to find."""
        return self.bound - self._value <= _PROVEN

    def relax(self) -> Relaxed:
        """A bound, and a better assignment where its prices tell one."""
        relaxed = relax(self._problem, floor=self._value)
        self.bound = min(self.bound, relaxed.bound)
        self._offer(good_assignment(self._problem, relaxed.prices))
        return relaxed

    def solve(self, relaxed: Relaxed, *, time_s: float) -> None:
        """The best of the cells that are left."""
        slack = relaxed.bound - self._value
        if not self._has_solved:
            slack = min(slack, _first_slack(relaxed.losses))
        self._has_solved = True
        solved = solve(self._tried, relaxed.cells(slack), time_s=time_s)
        if self._tried is self._problem:
            self.bound = min(self.bound, max(solved.bound, relaxed.bound - slack, self._value))
        if solved.columns is not None and not self._offer(solved.columns):
            # Over by the solver's tolerance: the same again, by a hair within.
            over = np.maximum(self._problem.spent(solved.columns), 1)
            self._tried = self._tried.tightened(1 / over - _HAIR)

    def _offer(self, columns: Columns | None) -> bool:
        """Take an assignment if it is better; False where it breaks a budget."""
        if columns is None or self._problem.gain(columns) <= self._value:
            return True
        if not self._pool.holds(columns):
            return False
        self.best, self._value = columns, self._problem.gain(columns)
        return True


def _searched(pool: _Pool, known: Columns, *, left_s: Callable[[], float]) -> tuple[Columns, float]:
    search = _Search(pool, known)
    for _ in range(_MAX_ROUNDS):
        relaxed = search.relax()
        if search.is_proven or left_s() <= 0:
            break
        search.solve(relaxed, time_s=left_s())
        if search.is_proven:
            break
    return search.best, search.bound


def _first_slack(losses: NDArray[np.float64]) -> float:
    """The slack under which a category has a few cells on average, and every one has a cell."""
    rank = min(_FIRST_CELLS * len(losses), losses.size) - 1
    return float(max(np.sort(-losses, axis=None)[rank], (-losses.max(axis=1)).max()))

"""Maps of categories to experts under budgets: what they reach, and how long they take to find."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.answer_table import VARIABLE, AnswerTable, read_answers
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.routing_answers import POOLS, halves
from bench.setup import Setup
from routers.base import RouterError
from routers.budget import BudgetedMap, MapTask, best_map
from routers.cost_files import read_costs
from routers.mapping import Quality
from routers.profiles import count_answers
from routers.resampling import intervals
from routers.spending import Costs, Measure, exact, spent

BUDGET = "budgets"
_COSTS = "mmlu_pro_models.csv"
#: Average active parameters of a request, B.
_LIMITS_B = (10.0, 20.0, 40.0, 80.0)
_NUM_SPLITS = 3
#: Categories and experts of the maps that are timed.
_NUM_LARGE = 200
#: Of a search; a map that takes it whole is not proven, and so not below the bar.
_TIME_S = 30.0
#: Budgets of the large maps.
_LARGE: Mapping[str, Mapping[Measure, float]] = {
    "active 10 B": {"active_params_b": 10},
    "active 20 B": {"active_params_b": 20},
    "active 40 B": {"active_params_b": 40},
    "active 80 B": {"active_params_b": 80},
    "total 300 B": {"total_params_b": 300},
    "5 experts": {"num_experts": 5},
    "active 20 B, total 300 B": {"active_params_b": 20, "total_params_b": 300},
}

_OVER, _SECONDS, _GAP = (
    f"{BUDGET}: {what}"
    for what in (
        "most of a budget that a map spends",
        f"longest search of the best map, {_NUM_LARGE} categories by {_NUM_LARGE} experts",
        "points that a better map may have at most",
    )
)
BUDGET_TARGETS = (
    Target(name=_OVER, sense="<=", limit=1.0, unit="of it"),
    Target(name=_SECONDS, sense="<", limit=10.0, unit="s"),
    Target(name=_GAP, sense="<=", limit=0.001, unit="points"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """One map of one draw, on questions that it was not found on."""

    limit_b: float
    found: BudgetedMap
    #: Shape [n]; 1 where the answer was right.
    right: NDArray[np.float64]
    #: The same of the best single expert within the limit.
    single: NDArray[np.float64]
    #: Of the requests tried.
    active_b: float
    #: What the map spends of its budget, counted anew.
    share: Fraction


def measure_budget(setup: Setup) -> Outcome:
    """Maps of recorded answers in every pool, and large ones that are made up, timed.

    Raises:
        BenchError: there are no answers or costs to read.
    """
    del setup
    table, costs = read_answers(), _read_costs()
    splits = [halves(table, seed=seed) for seed in range(_NUM_SPLITS)]
    tried = {
        name: [
            _tried(table.of(pool), costs, split, limit) for limit in _LIMITS_B for split in splits
        ]
        for name, pool in POOLS.items()
    }
    questions = np.concatenate([test for _, test in splits])
    figures = {
        name: [
            _figures([one for one in own if one.limit_b == limit], questions) for limit in _LIMITS_B
        ]
        for name, own in tried.items()
    }
    large = {name: _timed(budgets) for name, budgets in _LARGE.items()}
    gaps = [one.found.gap for own in tried.values() for one in own]
    return Outcome(
        values={
            _OVER: max(float(one.share) for own in tried.values() for one in own),
            _SECONDS: max(one["seconds"] for one in large.values()),
            _GAP: 100 * max(*gaps, *(one["gap"] for one in large.values())),
        },
        figures={**figures, "large": large},
        rows=[_row(name, one) for name, own in figures.items() for one in own]
        + [
            (
                f"{BUDGET}, {_NUM_LARGE} by {_NUM_LARGE}: {name}",
                f"{one['seconds']:.2f} s, {one['core_seconds']:.2f} s of a core",
            )
            for name, one in large.items()
        ],
    )


def _tried(
    table: AnswerTable,
    costs: Costs,
    split: tuple[NDArray[np.int64], NDArray[np.int64]],
    limit_b: float,
) -> _Tried:
    fit, test = split
    profiles = count_answers(
        table.right[fit],
        [[table.categories[i]] for i in fit],
        experts=table.models,
        data_sha256="bench",
    )
    accuracy = profiles.accuracy(prior_count=profiles.fitted_prior_count())
    task = MapTask(
        quality=Quality(
            categories=profiles.skills,
            experts=profiles.experts,
            table=accuracy.astype(np.float32),
        ),
        traffic=profiles.asked.max(axis=1),
        costs=costs,
        budgets={"active_params_b": limit_b},
    )
    found = best_map(task, time_s=_TIME_S)
    columns = {name: i for i, name in enumerate(table.models)}
    chosen = [columns[found.expert_by_category[table.categories[i]]] for i in test]
    within = [name for name in table.models if costs.of(name, "active_params_b") <= limit_b]
    overall = dict(zip(profiles.experts, profiles.right_overall, strict=True))
    single = max(within, key=overall.__getitem__)
    active = np.array([costs.of(name, "active_params_b") for name in table.models])
    return _Tried(
        limit_b=limit_b,
        found=found,
        right=table.right[test, chosen],
        single=table.right[test, columns[single]],
        active_b=float(active[chosen].mean()),
        share=_share(task, found),
    )


def _share(task: MapTask, found: BudgetedMap) -> Fraction:
    """What is spent of the budget, in exact arithmetic and without the search's own sums."""
    served: dict[str, Fraction] = {}
    for count, category in zip(task.traffic, task.quality.categories, strict=True):
        expert = found.expert_by_category[category]
        served[expert] = served.get(expert, Fraction(0)) + exact(count)
    taken = spent("active_params_b", traffic_by_expert=served, always=(), costs=task.costs)
    assert taken is not None
    return taken / exact(task.budgets["active_params_b"])


def _figures(own: Sequence[_Tried], questions: NDArray[np.int64]) -> dict[str, Any]:
    right = np.concatenate([one.right for one in own]) * 100
    single = np.concatenate([one.single for one in own]) * 100
    reached, alone, gain = intervals(np.stack([right, single, right - single], axis=1), questions)
    return {
        "limit_b": own[0].limit_b,
        "right": {"mean": reached.mean, "low": reached.low, "high": reached.high},
        "best_single_within": {"mean": alone.mean, "low": alone.low, "high": alone.high},
        "gain": {"mean": gain.mean, "low": gain.low, "high": gain.high},
        "expected": 100 * float(np.mean([one.found.quality for one in own])),
        "spent_b": float(np.mean([one.found.spent["active_params_b"] for one in own])),
        "active_b_when_tried": float(np.mean([one.active_b for one in own])),
        "experts": [list(one.found.experts) for one in own],
        "left_out": sorted({name for one in own for name in one.found.left_out}),
    }


def _row(pool: str, one: Mapping[str, Any]) -> tuple[str, str]:
    right, single = one["right"], one["best_single_within"]
    reached = f"{right['mean']:.2f} ({right['low']:.2f} to {right['high']:.2f}) %"
    return (
        f"{BUDGET}, {pool}: {one['limit_b']:g} B active on average",
        f"{reached}, {one['spent_b']:.2f} B; best single within it {single['mean']:.2f} %",
    )


def _timed(budgets: Mapping[Measure, float]) -> dict[str, float]:
    """The longest of two large maps, on the clock and of its core, and the larger gap."""
    took_s, core_s, gaps = [], [], []
    for seed in range(2):
        task = _large_task(budgets, seed=seed)
        start_s, start_core_s = time.perf_counter(), time.process_time()
        found = best_map(task, time_s=_TIME_S)
        took_s.append(time.perf_counter() - start_s)
        core_s.append(time.process_time() - start_core_s)
        gaps.append(found.gap)
    return {"seconds": max(took_s), "core_seconds": max(core_s), "gap": max(gaps)}


def _large_task(budgets: Mapping[Measure, float], *, seed: int) -> MapTask:
    """Quality as if counted on 50 questions a cell, of experts that grow better with size."""
    dice = np.random.default_rng(seed)
    num = _NUM_LARGE
    size_b = np.exp(dice.uniform(0, np.log(100), num)).round(1)
    logits = 0.35 * np.log(size_b) - 1 + dice.normal(0, 0.4, num)
    logits = logits + dice.normal(0, 1, num)[:, None] + dice.normal(0, 0.5, (num, num))
    right = dice.binomial(50, 1 / (1 + np.exp(-logits)))
    names = tuple(f"e{i}" for i in range(num))
    return MapTask(
        quality=Quality(
            categories=tuple(f"c{i}" for i in range(num)),
            experts=names,
            table=((right + 10) / 70).astype(np.float32),
        ),
        traffic=dice.dirichlet(np.full(num, 2.0)),
        costs=Costs(
            by_expert={
                name: {"total_params_b": float(b), "active_params_b": float(b)}
                for name, b in zip(names, size_b, strict=True)
            }
        ),
        budgets=budgets,
    )


def _read_costs() -> Costs:
    path = Path(os.environ.get(VARIABLE, "")) / _COSTS
    try:
        return read_costs(path)
    except RouterError as exc:
        raise BenchError(f"the parameters of models cannot be used: {exc}") from exc

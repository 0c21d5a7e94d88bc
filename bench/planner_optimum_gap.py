"""How far small plans are from the optimum: one row an instance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import mean
from time import perf_counter

import numpy as np

from bench.planner_instances import Instance, small
from bench.planner_optimum import TICK_S, optimum
from orchestrator.planner.plan import Plan
from orchestrator.planner.planner import planned
from orchestrator.planner.workload import Workload

#: What the solver may spend on each goal of an instance, deterministic seconds.
EFFORT = 4.0
_NUM_WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One instance, planned and solved."""

    seed: int
    num_calls: int
    num_slots: int
    bound_s: float
    plan_s: float
    optimum_s: float
    #: What no plan can be shorter than, as the solver proved.
    proven_s: float
    plan_late: tuple[int, ...]
    optimum_late: tuple[int, ...]
    took_s: float
    solved_s: float

    @property
    def is_later(self) -> bool:
        """Whether more requests are late than must be, those of high priority first."""
        return self.plan_late > self.optimum_late

    @property
    def gap(self) -> float:
        """How much longer than the optimum, as a share of it; all of it where more are late.

        A plan of more runs than the solver's class may be better than its best; that counts as 0.
        """
        if self.plan_late != self.optimum_late:
            return 1.0 if self.is_later else 0.0
        return max(self.plan_s / self.optimum_s - 1, 0.0) if self.optimum_s else 0.0

    @property
    def is_proven(self) -> bool:
        """Whether the solver had the time to prove its optimum."""
        return self.optimum_s <= self.proven_s + TICK_S / 2

    @property
    def is_bounded(self) -> bool:
        """Whether our lower bound is none of the solver's plans' business to undercut."""
        return self.bound_s <= self.optimum_s + 1e-6


def compared(seed: int) -> Comparison:
    """Plan and solve one instance."""
    instance = small(seed)
    began_s = perf_counter()
    plan = planned(*instance)
    took_s = perf_counter() - began_s
    best = optimum(*instance, hint=plan, effort=EFFORT, num_workers=_NUM_WORKERS)
    return Comparison(
        seed=seed,
        num_calls=instance[0].num_calls,
        num_slots=len(instance[1]),
        bound_s=plan.lower_bound_s,
        plan_s=plan.makespan_s,
        optimum_s=best.makespan_s,
        proven_s=best.proven_s,
        plan_late=late(plan, instance),
        optimum_late=best.num_late,
        took_s=took_s,
        solved_s=perf_counter() - began_s - took_s,
    )


def late(plan: Plan, instance: Instance) -> tuple[int, ...]:
    """Late requests of a plan by priority, the highest first; nothing where nobody waits."""
    workload: Workload = instance[0]
    if not np.isfinite(workload.deadline_s).any():
        return ()
    done_s = np.zeros(workload.num_requests)
    for run in plan.runs:
        np.maximum.at(done_s, workload.request[run.calls], run.ends_s)
    is_late = done_s > workload.deadline_s + 1e-6
    levels = np.unique(workload.priority)[::-1]
    return tuple(int(is_late[workload.priority == level].sum()) for level in levels)


def summary(found: list[Comparison]) -> dict[str, object]:
    """All comparisons as figures."""
    return {
        "mean_gap": mean(one.gap for one in found),
        "worst_gap": max(one.gap for one in found),
        "num_at_the_optimum": sum(one.gap < 1e-6 for one in found),
        "num_proven": sum(one.is_proven for one in found),
        "num_later": sum(one.is_later for one in found),
        "num_better_than_its_class": sum(_is_better(one) for one in found),
        "worst_seconds_to_plan": max(one.took_s for one in found),
        "mean_bound_to_optimum": mean(one.bound_s / one.optimum_s for one in found),
        "instances": [asdict(one) for one in found],
    }


def _is_better(one: Comparison) -> bool:
    if one.plan_late != one.optimum_late:
        return one.plan_late < one.optimum_late
    return one.plan_s < one.optimum_s - 1e-6


def rows(figures: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The rows of the table."""
    for name in ("num_at_the_optimum", "num_proven", "num_later", "num_better_than_its_class"):
        yield f"small instances: {name.removeprefix('num_').replace('_', ' ')}", f"{figures[name]}"
    yield "small instances: bound to optimum, mean", f"{figures['mean_bound_to_optimum']:.3f}"

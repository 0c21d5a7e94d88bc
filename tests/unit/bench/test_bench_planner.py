from __future__ import annotations

import pytest

from bench.planner_instances import zipf
from bench.planner_optimum_gap import compared
from bench.planner_peers import PUBLISHED, arms
from bench.planner_scale import large
from orchestrator.planner.planner import planned

# Instances that the solver proves at once: alone, split, of three stages, with deadlines.
SEEDS = (0, 3, 4, 6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_small_plan_is_the_optimum(seed: int):
    found = compared(seed)

    assert found.is_proven
    assert found.gap < 0.01
    assert found.is_bounded


@pytest.mark.parametrize("num_slots", PUBLISHED)
def test_the_published_swaps_come_out_again_and_a_plan_needs_fewer(num_slots: int):
    found = arms(*zipf(num_slots))

    for arm, swaps in PUBLISHED[num_slots].items():
        assert found[arm].num_swaps == pytest.approx(swaps, rel=0.03)
    assert found["planned"].num_swaps < found["waves of 100, residents first"].num_swaps / 5
    assert found["planned"].makespan_s <= min(arm.makespan_s for arm in found.values())


def test_ten_thousand_requests_are_planned_with_few_runs():
    plan = planned(*large(10_000, 100, 16))

    assert sum(len(run.calls) for run in plan.runs) == 30_000
    # Three stages of a hundred experts, and some of them split.
    assert len(plan.runs) < 600
    assert plan.gap < 0.6

from __future__ import annotations

import pytest
from hypothesis import given, settings

from bench.planner_optimum import NUM_PARTS, optimum
from orchestrator.planner.bounds import least_steps_s, lower_bound_s
from orchestrator.planner.plan import Plan
from orchestrator.planner.planner import planned
from orchestrator.planner.problem import problem_of
from orchestrator.planner.slots import ExpertCost, ExpertCosts, PlannedSlot
from orchestrator.planner.workload import Workload
from tests.unit.planner.instances import Instance, costs, instances, slot, workload

NEARLY_S = 1e-6


@settings(max_examples=12, deadline=None)
@given(instances(max_requests=3))
def test_no_optimum_undercuts_the_bound(instance: Instance):
    if instance[0].num_calls > 7:
        return
    plan = planned(*instance, num_tries=200)

    best = optimum(*instance, hint=plan, effort=1, num_workers=2)

    assert plan.lower_bound_s <= best.makespan_s + NEARLY_S
    assert _has_more_parts(plan) or best.num_late or plan.makespan_s >= best.proven_s - NEARLY_S


def _has_more_parts(plan: Plan) -> bool:
    """Whether it is outside the class that the solver looks at."""
    kinds = [(run.expert, run.stage) for run in plan.runs]
    return any(kinds.count(kind) > NUM_PARTS for kind in kinds)


BOUNDS = {
    # 3 + 4 s of work and one swap of 5 s on the only slot.
    "load": (workload([(0, "a", 3)], [(0, "b", 4)]), [slot("one", "a")], 12),
    # The same on two slots: what they take together is shared.
    "shared": (
        workload(*([(0, "a", 3)], [(0, "b", 4)]) * 10),
        [slot("one", "a"), slot("two", "b")],
        35,
    ),
    # A chain of 9 + 8 + 7 s, whatever the slots.
    "chain": (
        workload([(0, "a", 9), (1, "b", 8), (2, "a", 7)]),
        [slot("one", "a", "b"), slot("two", "a", "b")],
        24,
    ),
    # A swap, then 8 s of work on each of two slots, of which one is free after 10 s.
    "expert": (
        workload(*([(0, "a", 1)] for _ in range(16))),
        [slot("one", "b"), PlannedSlot(name="two", residents=("a",), free_s=10)],
        15.5,
    ),
    # A start of 60 s, then a swap of 5 s, and 2 s of work.
    "start": (workload([(0, "a", 1)], [(0, "b", 1)]), [PlannedSlot(name="one")], 67),
    # The judge's 5 s begin after the first answer at 2 s.
    "stages": (
        workload(*([(0, "a", 2), (1, "b", 1)] for _ in range(5))),
        [
            PlannedSlot(name="one", experts=frozenset({"a"}), residents=("a",)),
            PlannedSlot(name="two", experts=frozenset({"b"}), residents=("b",)),
        ],
        11,
    ),
}


@pytest.mark.parametrize(
    ("asked", "slots", "bound_s"), [pytest.param(*case, id=name) for name, case in BOUNDS.items()]
)
def test_a_bound_is_what_must_be_done(asked: Workload, slots: list[PlannedSlot], bound_s: float):
    found_s = lower_bound_s(problem_of(asked, slots, costs("a", "b")))

    assert found_s == pytest.approx(bound_s, rel=1e-4)


def test_a_base_that_an_adapter_brings_along_takes_no_step_of_its_own():
    asked = workload([(0, "base", 1)], [(0, "adapter", 1)])
    told = {
        "base": ExpertCost(lineage="l", swap_s=5, start_s=60, output_token_s=1),
        "adapter": ExpertCost(lineage="l", base="base", swap_s=1, start_s=20, output_token_s=1),
    }

    plan = planned(asked, [PlannedSlot(name="one")], told)

    assert (plan.makespan_s, plan.num_swaps) == (22, 1)
    assert plan.lower_bound_s <= 22


def test_steps_take_one_swap_for_each_expert_that_no_slot_holds():
    asked = workload([(0, "a", 1), (0, "b", 1), (1, "c", 1)])
    told: ExpertCosts = costs("a", "b", "c")

    assert least_steps_s(problem_of(asked, [slot("one", "b")], told)) == 10

from __future__ import annotations

import pytest

from orchestrator.planner.arrival import MAX_CALLS, arrival_order
from tests.unit.planner.instances import costs, slot, workload


def test_every_change_of_expert_is_a_swap():
    asked = workload(*([(0, name, 1)] for name in "abab"))

    plan = arrival_order(asked, [slot("one", "a")], costs("a", "b"))

    assert (plan.num_swaps, plan.makespan_s) == (3, 4 + 3 * 5)


def test_calls_of_one_expert_in_a_row_are_one_run():
    asked = workload(*([(0, name, 1)] for name in "aaabbb"))

    plan = arrival_order(asked, [slot("one", "a")], costs("a", "b"))

    assert [run.calls.tolist() for run in plan.runs] == [[0, 1, 2], [3, 4, 5]]


def test_the_slot_used_least_recently_turns():
    asked = workload(*([(0, name, 1)] for name in "abc"))

    plan = arrival_order(asked, [slot("one", "a"), slot("two", "b")], costs("a", "b", "c"))

    assert [(run.slot, run.expert) for run in plan.runs] == [
        ("one", "a"),
        ("two", "b"),
        ("one", "c"),
    ]


def test_figures_of_a_long_file_are_those_of_all_of_it():
    names = "abcd"
    asked = workload(*([(0, names[number % 4], 1)] for number in range(MAX_CALLS * 2)))

    plan = arrival_order(asked, [slot("one", "a")], costs(*names))

    assert sum(len(run.calls) for run in plan.runs) == MAX_CALLS
    assert plan.share == 0.5
    assert plan.num_swaps == pytest.approx(MAX_CALLS * 2, rel=0.001)
    assert plan.makespan_s == pytest.approx(MAX_CALLS * 2 * (1 + 5), rel=0.001)

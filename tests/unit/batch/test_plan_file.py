"""A plan written as a file is the plan that is read from it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.batch.plan_file import plan_lines
from orchestrator.client import UnexpectedReplyError
from orchestrator.client.plan_wire import read_plan
from orchestrator.planner.plan import Plan
from orchestrator.planner.workload import WorkloadBuilder
from tests.unit.batch.plans import arrival, plan, workload


def lines() -> list[bytes]:
    return list(plan_lines(plan(), arrival(), workload()))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ([], "no line of type 'summary'"),
        ([b'{"type": "run"}'], "no line of type 'summary'"),
        ([b"\xff\xfe{"], "line 1 is no line of a plan"),
        ([b'["summary"]'], "line 1 is no line of a plan"),
        ([b'{"custom_id": "a"}'], "line 1 is no line of a plan"),
        ([b'{"type": "summary", "version": 2}'], "of version 2, this client reads up to 1"),
        ([b'{"type": "summary", "version": 1}'], "num_runs: Field required"),
    ],
    ids=["empty", "runs alone", "bytes", "array", "an answer", "newer", "half"],
)
def test_what_is_no_plan_is_refused_with_what_it_lacks(text, says):
    with pytest.raises(UnexpectedReplyError, match=says):
        read_plan(text)


def test_two_summaries_are_no_plan():
    first, *_ = lines()

    with pytest.raises(UnexpectedReplyError, match="summary"):
        read_plan([first, first])


def test_every_line_is_one_json_object_with_its_end():
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines())
    kinds = [json.loads(line)["type"] for line in lines()]
    assert kinds == ["summary", "run", "run", "run", "expert", "expert"]


def test_the_summary_says_what_is_saved_over_arrival_order():
    found = read_plan(lines()).summary

    assert (found.version, found.num_requests, found.num_calls) == (1, 4, 5)
    assert (found.num_experts, found.num_slots, found.num_late) == (2, 2, 1)
    assert (found.prompt_tokens, found.output_tokens) == (5 * 100, 5 * 20.5)
    assert (found.num_runs, found.num_swaps, found.swap_s, found.makespan_s) == (3, 1, 1.0, 4.5)
    assert (found.arrival.num_swaps, found.arrival.makespan_s) == (4, 10.0)
    assert (found.lower_bound_s, found.gap) == (4.0, 0.125)


def test_an_arrival_order_that_was_walked_in_part_is_told_as_a_whole():
    half = replace(arrival(), share=0.5)

    found = read_plan(plan_lines(plan(), half, workload())).summary.arrival

    assert (found.num_runs, found.num_swaps, found.swap_s) == (10, 8, 8.0)


def test_calls_that_no_slot_is_planned_for_are_counted():
    none = Plan(runs=(), makespan_s=0.0, lower_bound_s=0.0)

    assert read_plan(plan_lines(none, none, workload())).summary.num_unplanned == 5
    assert read_plan(lines()).summary.num_unplanned == 0


def test_runs_are_read_back_in_order_of_time():
    runs = read_plan(lines()).runs

    assert [(one.slot, one.begins_s) for one in runs] == [("a", 0.0), ("b", 0.0), ("a", 3.5)]
    assert (runs[1].step, runs[1].step_s, runs[1].num_calls) == ("swap", 1.0, 2)
    assert (runs[2].stage, runs[2].step, runs[2].ends_s) == (1, None, 4.5)


def test_experts_are_told_with_their_totals_most_calls_first():
    maths, law = read_plan(lines()).experts

    assert (maths.expert, maths.num_calls, maths.num_runs, maths.num_swaps) == ("maths", 3, 2, 0)
    assert (maths.prompt_tokens, maths.output_tokens, maths.busy_s) == (300, 61.5, 2.0 + 1.0)
    assert (law.expert, law.num_calls, law.num_swaps, law.busy_s) == ("law", 2, 1, 3.0)


def test_a_plan_of_nothing_is_a_summary():
    empty = Plan(runs=(), makespan_s=0.0, lower_bound_s=0.0)

    found = read_plan(plan_lines(empty, empty, WorkloadBuilder().workload()))

    assert (found.summary.num_calls, found.summary.gap, found.runs, found.experts) == (0, 0, (), ())


def test_lines_of_a_later_version_that_it_does_not_know_are_left_aside():
    told = [*lines(), b'{"type": "weather", "sun": true}\n', b"\n"]

    assert read_plan(told) == read_plan(lines())


def test_every_key_of_every_line_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "batches.md").read_text(encoding="utf-8")

    keys = {key for line in lines() for key in json.loads(line)}

    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []

"""The parts of every picture of a timeline."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.gantt import (
    condensed,
    duration,
    horizon_s,
    lanes,
    ranked,
    ticks_s,
    totals,
)
from orchestrator.batch.progress import Timeline
from tests.unit.batch.timelines import bar


def test_nothing_has_no_lanes_and_a_time_axis():
    empty = Timeline(batch_id="b")

    assert (lanes(empty), ranked(empty)) == ((), ())
    assert horizon_s(empty) > 0
    assert totals(()).makespan_s == 0


def test_slots_are_in_the_order_that_people_count_in():
    bars = tuple(bar(slot, "e", 0, 1) for slot in ("gpu-10", "gpu-2", "2", "cpu", "10", "gpu"))

    found = [lane.slot for lane in lanes(Timeline(batch_id="b", predicted=bars))]

    assert found == ["2", "10", "cpu", "gpu", "gpu-2", "gpu-10"]


def test_a_slot_that_only_one_of_both_knows_has_a_lane():
    timeline = Timeline(
        batch_id="b", predicted=(bar("a", "e", 0, 1),), happened=(bar("b", "e", 0, 1),)
    )

    first, second = lanes(timeline)

    assert (len(first.predicted), len(first.happened)) == (1, 0)
    assert (len(second.predicted), len(second.happened)) == (0, 1)


def test_bars_of_a_slot_are_in_order_of_time():
    bars = (bar("a", "late", 5, 6), bar("a", "early", 0, 5))

    (lane,) = lanes(Timeline(batch_id="b", predicted=bars))

    assert [one.expert for one in lane.predicted] == ["early", "late"]


@pytest.mark.parametrize(
    ("observed", "drawn"),
    [
        (bar("a", "e", 1.591, 1.347), (1.591, 1.591, 0.0)),
        (bar("a", "e", -0.5, 2, step_s=1.0), (0.0, 2, 1.0)),
        (bar("a", "e", 1, 2, step_s=5.0), (1, 2, 1)),
    ],
    ids=["ends before it begins", "begins before the execution", "a step beyond its end"],
)
def test_times_that_cross_one_another_have_no_width_below_0(observed, drawn):
    (lane,) = lanes(Timeline(batch_id="b", happened=(observed,)))

    (found,) = lane.happened
    assert (found.begins_s, found.ends_s, found.step_s) == drawn


def test_experts_are_ranked_by_the_time_they_take():
    bars = (bar("a", "short", 0, 1), bar("a", "long", 1, 9), bar("b", "short", 0, 2))

    assert ranked(Timeline(batch_id="b", predicted=bars)) == ("long", "short")


def test_the_axis_reaches_a_bound_beyond_all_bars():
    timeline = Timeline(batch_id="b", predicted=(bar("a", "e", 0, 3),), lower_bound_s=4.0)

    assert horizon_s(timeline) == 4.0


def test_bars_add_up():
    found = totals([bar("a", "e", 0, 3, step_s=1.0), bar("a", "f", 3, 7), bar("b", "e", 0, 2)])

    assert (found.num_runs, found.num_calls, found.num_swaps) == (3, 3 * 5, 1)
    assert (found.swap_s, found.makespan_s) == (1.0, 7)


def test_swaps_that_nobody_measured_have_no_seconds():
    swapped = replace(bar("a", "e", 0, 3), step="swap")

    assert (totals([swapped]).num_swaps, totals([swapped]).swap_s) == (1, None)
    assert totals([bar("a", "e", 0, 3)]).swap_s == 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"), (0.25, "0.25 s"), (3.0, "3 s"), (9.94, "9.94 s"), (9.96, "10 s"),
        (59.6, "1 min"), (60, "1 min"), (200, "3 min 20 s"), (3599.7, "1 h"), (7500, "2 h 05 min"),
        (86_399, "1 d"), (273_600, "3 d 04 h"),
    ],
)  # fmt: skip
def test_durations_are_said_as_people_say_them(seconds, said):
    assert duration(seconds) == said


@given(end_s=st.floats(0.001, 1e9), most=st.integers(1, 40))
def test_ticks_begin_at_0_and_are_never_too_many(end_s, most):
    marks = ticks_s(end_s, most=most)

    assert marks[0] == 0
    assert len(marks) <= most
    assert marks[-1] <= end_s
    assert list(marks) == sorted(set(marks))


def test_thin_neighbours_are_drawn_as_one_and_thick_ones_alone():
    bars = [bar("a", "x", 0, 0.25, step_s=0.1), bar("a", "y", 0.25, 0.5), bar("a", "z", 0.5, 9)]

    first, last = condensed(bars, shortest_s=1.0)

    assert (first.expert, first.num_calls, first.step) == ("2 experts", 10, "swap")
    assert (first.begins_s, first.ends_s) == (0, 0.5)
    assert last == bars[2]


def test_thin_neighbours_of_one_expert_keep_its_name():
    bars = [bar("a", "x", 0, 0.25), bar("a", "x", 0.25, 0.5)]

    assert [one.expert for one in condensed(bars, shortest_s=1.0)] == ["x"]


@given(st.lists(st.floats(0.01, 3), max_size=40), st.floats(0.01, 5))
def test_whatever_is_drawn_as_one_no_call_is_lost(lengths_s, shortest_s):
    bars, now_s = [], 0.0
    for place, length_s in enumerate(lengths_s):
        bars.append(bar("a", f"e{place % 3}", now_s, now_s + length_s))
        now_s += length_s

    drawn = condensed(bars, shortest_s=shortest_s)

    assert totals(drawn).num_calls == totals(bars).num_calls
    assert totals(drawn).makespan_s == totals(bars).makespan_s
    assert [one.begins_s for one in drawn] == sorted(one.begins_s for one in drawn)

"""Timelines in terminals."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from orchestrator.batch.gantt_text import timeline_text
from orchestrator.batch.progress import Timeline
from tests.unit.batch.timelines import bar, large, small


def drawn(timeline: Timeline, *, width: int = 80) -> list[str]:
    return timeline_text(timeline, width=width).plain.splitlines()


def test_a_timeline_without_runs_says_so():
    assert drawn(Timeline(batch_id="b")) == ["no runs"]


@pytest.mark.parametrize("width", range(60, 201, 7))
@pytest.mark.parametrize("timeline", [small(), large()], ids=["small", "large"])
def test_no_line_is_wider_than_the_terminal(timeline, width):
    lines = drawn(timeline, width=width)

    assert max(map(cell_len, lines)) <= width
    assert max(map(cell_len, lines)) > width * 0.8


def test_names_that_are_wide_or_steer_terminals_keep_their_place():
    bars = (bar("漢字漢字漢字漢字漢字", "\x1b[31mred\n漢字", 0, 5), bar("b", "漢字", 0, 0.1))

    lines = drawn(Timeline(batch_id="b", predicted=bars), width=60)

    assert "\x1b" not in "".join(lines)
    assert max(map(cell_len, lines)) <= 60
    assert any("?[31mred?漢字━" in line for line in lines)


def test_a_plan_alone_has_one_line_a_slot_that_names_its_experts():
    timeline = Timeline(batch_id="b", predicted=small().predicted)

    _, _, first, second, _ = drawn(timeline, width=102)

    # A column a second behind the two of the slot's name.
    assert first == "a " + "maths" + 35 * "━" + 10 * "▒" + "law" + 47 * "━"
    assert second == "b " + "biology" + 83 * "━"


def test_what_happened_stands_below_what_was_predicted():
    _, _, *lines, _ = drawn(small(), width=127)

    # 120 columns and seconds behind seven of labels.
    assert lines[0] == "a plan " + "maths" + 35 * "━" + 10 * "▒" + "law" + 47 * "━"
    assert lines[1] == "  done " + "maths" + 40 * "━" + 12 * "▒" + "law" + 50 * "━"
    assert [line[:7] for line in lines] == ["a plan ", "  done ", "b plan ", "  done "]


def test_the_time_axis_has_its_marks_above_the_cells_they_are_of():
    labels, marks, *_ = drawn(small(), width=127)

    assert labels.index("0 s") == marks.index("╵") == 7
    assert labels.index("1 min") == marks.index("╵", 60) == 7 + 60


def test_a_step_that_is_shorter_than_a_cell_is_seen_where_its_run_is_wide():
    timeline = Timeline(batch_id="b", predicted=(bar("a", "maths", 0, 1000, step_s=0.1),))

    assert drawn(timeline)[2].startswith("a ▒maths━━")


def test_a_run_that_is_nearly_all_step_is_named_all_the_same():
    timeline = Timeline(batch_id="b", predicted=(bar("a", "maths", 0, 100, step_s=99.9),))

    assert drawn(timeline)[2] == "a " + 77 * "▒" + "m"


def test_of_many_runs_in_a_cell_the_longest_is_seen():
    bars = [bar("a", "x", 0.0, 0.4), bar("a", "long", 0.4, 1.0), bar("a", "rest", 1.0, 78.0)]

    line = drawn(Timeline(batch_id="b", predicted=tuple(bars)), width=80)[2]

    assert line.startswith("a lrest━━")


def test_slots_beyond_64_are_counted():
    lines = drawn(large(num_slots=70, num_runs=140))

    assert sum(" plan " in line for line in lines) == 64
    assert "and 6 more slots" in lines


def test_the_busiest_experts_have_colours_of_their_own():
    console = Console(file=io.StringIO(), force_terminal=True, color_system="256", width=80)

    console.print(timeline_text(small(), width=80))

    said = console.file.getvalue()
    assert len({code for code in ("38;5;33m", "38;5;166m", "38;5;35m") if code in said}) == 3

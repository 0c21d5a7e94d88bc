import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.stops import StopWatch


def shown(stops, pieces):
    watch = StopWatch(stops)
    text = "".join([watch.push(piece) for piece in pieces])
    return text + ("" if watch.is_matched else watch.finish()), watch.is_matched


@pytest.mark.parametrize(
    ("stops", "pieces", "expected"),
    [
        pytest.param((), ["a", "b"], ("ab", False), id="no stops"),
        pytest.param(("END",), ["aEN", "Db"], ("a", True), id="across pieces"),
        pytest.param(("END",), ["aEN", "x"], ("aENx", False), id="a beginning that was none"),
        pytest.param(("END",), ["aEN"], ("aEN", False), id="a beginning at the end"),
        pytest.param(("b", "ab"), ["xab"], ("x", True), id="the earliest match"),
        pytest.param(("a", "bab"), ["bab"], ("b", True), id="the first that is complete"),
        pytest.param(("aab",), ["aaab"], ("a", True), id="overlapping beginnings"),
        pytest.param(("",), ["a"], ("a", False), id="an empty stop is none"),
    ],
)
def test_text_ends_before_the_first_stop_string(stops, pieces, expected):
    assert shown(stops, pieces) == expected


def test_what_may_begin_a_stop_string_is_held_back():
    watch = StopWatch(("\n\n",))

    assert [watch.push("a\n"), watch.push("b")] == ["a", "\nb"]


def test_nothing_is_shown_after_a_match():
    watch = StopWatch(("!",))
    watch.push("a!b")

    assert watch.push("c") == ""


@given(
    st.lists(st.text(alphabet="ab", min_size=1, max_size=3), min_size=1, max_size=3),
    st.lists(st.text(alphabet="abc", max_size=4), max_size=8),
)
def test_splitting_the_text_never_changes_what_is_shown(stops, pieces):
    assert shown(stops, pieces) == shown(stops, ["".join(pieces)])


@given(st.text(alphabet="ab", min_size=1, max_size=3), st.text(alphabet="abc", max_size=20))
def test_a_stop_string_is_never_shown(stop, text):
    assert stop not in shown((stop,), list(text))[0]

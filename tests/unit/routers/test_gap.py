from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.gap import close_to_best, gap_points

scores = st.dictionaries(st.text("abc", min_size=1), st.floats(0, 1), min_size=1, max_size=6)


def test_without_scores_there_is_no_gap():
    with pytest.raises(RouterError, match="no score"):
        gap_points({})


def test_a_score_that_is_no_number_is_refused_with_its_expert():
    with pytest.raises(RouterError, match=r"\['law'\] are no numbers"):
        close_to_best({"math": 0.5, "law": float("nan")}, max_gap_points=1)


@pytest.mark.parametrize("gap", [-1.0, float("nan")])
def test_a_gap_that_is_none_is_refused(gap):
    with pytest.raises(RouterError, match="largest gap is"):
        close_to_best({"math": 0.5}, max_gap_points=gap)


def test_the_gap_is_between_the_first_and_the_second():
    assert gap_points({"a": 0.4, "b": 0.55, "c": 0.5}) == pytest.approx(5)


def test_one_alone_is_ahead_of_all():
    assert gap_points({"a": 0.4}) == inf


def test_who_is_further_behind_than_the_gap_does_not_take_part():
    found = close_to_best({"a": 0.50, "b": 0.515, "c": 0.495, "d": 0.494}, max_gap_points=2)

    assert found == ("b", "a", "c")  # 1.5 and 2.0 points behind; d is 2.1


def test_equal_experts_take_part_whatever_the_gap():
    assert close_to_best({"a": 0.5, "b": 0.5}, max_gap_points=0) == ("a", "b")


@given(scores, st.floats(0, 100))
def test_somebody_else_takes_part_only_where_the_second_is_close(found, gap):
    chosen = close_to_best(found, max_gap_points=gap)

    assert found[chosen[0]] == max(found.values())
    if gap_points(found) > gap + 1e-6:
        assert len(chosen) == 1
    if gap_points(found) < gap - 1e-6:
        assert len(chosen) > 1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.judges import Marks, mean_scores, ranked


def scored(*scores):
    return Marks(scores=scores)


def test_without_answers_there_is_nothing_to_judge():
    with pytest.raises(RouterError, match="no answer to judge"):
        ranked([])


def test_answers_that_were_not_judged_by_the_same_are_refused():
    with pytest.raises(RouterError, match=r"\(0, 1\), \(0, 2\)"):
        ranked([scored(1.0), scored(1.0, 2.0)])


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused_with_its_answer(score):
    with pytest.raises(RouterError, match="scores of answer 1 are no numbers"):
        ranked([scored(1.0), scored(score)])


def test_constraints_come_before_any_score():
    marks = [
        Marks(passes=(True, False), scores=(10.0,)),
        Marks(passes=(True, True), scores=(1.0,)),
        Marks(passes=(True, True), scores=(2.0,)),
    ]

    assert ranked(marks) == (2, 1, 0)


def test_where_nobody_passes_the_one_that_fails_fewest_is_best():
    marks = [
        Marks(passes=(False, False), scores=(9.0,)),
        Marks(passes=(True, False), scores=(1.0,)),
    ]

    assert ranked(marks) == (1, 0)


def test_a_judge_that_gave_no_verdict_holds_against_nobody():
    marks = [Marks(passes=(True,), scores=(1.0,)), Marks(passes=(None,), scores=(2.0,))]

    assert ranked(marks) == (1, 0)


def test_judges_with_wide_scales_weigh_no_more_than_narrow_ones():
    # The first judge has spreads of 100, the other two of 1; they agree on the last answer.
    marks = [scored(300.0, 1.0, 1.0), scored(200.0, 2.0, 2.0), scored(100.0, 3.0, 3.0)]

    assert ranked(marks) == (2, 1, 0)


def test_what_is_out_of_the_running_moves_no_scale():
    # With the failing answer's 99 the first judge would hardly tell the other two apart.
    marks = [
        Marks(passes=(False,), scores=(-99.0, 0.0)),
        Marks(passes=(True,), scores=(2.0, 1.0)),
        Marks(passes=(True,), scores=(1.0, 2.0)),
    ]

    assert ranked(marks) == (1, 2, 0)


def test_a_score_that_is_missing_leaves_the_mean_of_the_others():
    # Judges' scales: 1, 3 -> -1, 1; 1, 2, 3 -> -1.22, 0, 1.22.
    found = mean_scores([(1.0, 1.0), (None, 2.0), (3.0, 3.0)])

    assert found == pytest.approx((-1.1124, 0.0, 1.1124), abs=1e-4)


def test_answers_that_nobody_scored_stay_in_their_order():
    assert ranked([Marks(), Marks(), Marks()]) == (0, 1, 2)
    assert ranked([scored(None), scored(None)]) == (0, 1)


columns = st.lists(st.integers(-100, 100).map(float), min_size=2, max_size=8)


@given(columns)
def test_one_judge_ranks_by_its_scores_and_the_first_given_of_equals(column):
    order = ranked([scored(score) for score in column])

    assert list(order) == sorted(range(len(column)), key=lambda at: -column[at])


@given(columns, st.integers(1, 50), st.integers(-50, 50))
def test_another_unit_of_a_judge_changes_no_rank(column, factor, shift):
    other = list(reversed(column))
    before = [scored(one, two) for one, two in zip(column, other, strict=True)]
    after = [scored(one * factor + shift, two) for one, two in zip(column, other, strict=True)]

    assert ranked(after) == ranked(before)

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.comparisons import (
    Comparison,
    copeland,
    is_settled,
    orders,
    points,
    ranked_by_pairs,
    strengths,
    told_twice,
)


def said(first, second, better):
    return Comparison(first=first, second=second, better=better)


def by_quality(quality):
    """A judge without bias, asked in every order."""
    return [
        said(i, j, None if quality[i] == quality[j] else (i if quality[i] > quality[j] else j))
        for i, j in orders(len(quality))
    ]


@pytest.mark.parametrize(
    "comparison",
    [said(0, 0, 0), said(0, 3, 0), said(-1, 0, 0), said(0, 1, 2)],
    ids=["itself", "not there", "before the first", "a third is better"],
)
def test_a_comparison_of_no_two_answers_is_refused(comparison):
    with pytest.raises(RouterError, match="no comparison of two of 3 answers"):
        points([comparison], num_answers=3)


def test_without_answers_there_is_nothing_to_compare():
    with pytest.raises(RouterError, match="no answer to compare"):
        ranked_by_pairs([], num_answers=0)


def test_every_pair_is_asked_in_both_orders():
    assert orders(3) == ((1, 2), (2, 1), (0, 2), (2, 0), (0, 1), (1, 0))
    assert orders(1) == ()


@given(st.integers(2, 9))
def test_all_rounds_together_have_each_pair_in_both_orders_once(num):
    assert sorted(orders(num)) == sorted(permutations(range(num), 2))


@given(st.integers(2, 9), st.integers(1, 4))
def test_in_a_number_of_rounds_no_answer_meets_more_others(num, rounds):
    met = Counter(first for first, _ in orders(num, rounds=rounds))

    # Of an odd number each has a rest in one of its rounds.
    least = min(rounds, num - 1) - num % 2
    assert all(least <= met[at] <= rounds for at in range(num))


def test_what_was_said_of_one_order_alone_is_left_out():
    both = (said(0, 1, 0), said(1, 0, 1))

    assert told_twice([*both, said(0, 2, 0)]) == both


def test_the_winner_of_all_its_pairs_is_settled_while_others_are_open():
    won = [said(0, 1, 0), said(1, 0, 0), said(0, 2, 0), said(2, 0, 0)]

    assert is_settled(won, [(1, 2)], num_answers=3)
    assert not is_settled(won, [(1, 2), (0, 1)], num_answers=3)
    assert not is_settled([], [(0, 1)], num_answers=2)


@given(st.lists(st.sampled_from([0, 1, None]), min_size=12, max_size=12), st.integers(0, 6))
def test_what_is_settled_is_not_changed_by_what_is_said_later(verdicts, num_open):
    pairs = zip(orders(4), verdicts, strict=True)
    every = [said(i, j, None if v is None else (i, j)[v]) for (i, j), v in pairs]
    told = every[: len(every) - 2 * num_open]
    open_pairs = [(one.first, one.second) for one in every[len(told) :: 2]]

    if is_settled(told, open_pairs, num_answers=4):
        first = ranked_by_pairs(every, num_answers=4)[0]
        assert ranked_by_pairs(told, num_answers=4)[0] == first


def test_a_judge_that_says_the_same_twice_gives_a_point():
    assert points([said(0, 1, 0), said(1, 0, 0)], num_answers=2).tolist() == [[0, 1], [0, 0]]


def test_a_judge_that_contradicts_itself_gives_half_a_point_to_either():
    # It prefers whatever it reads first.
    assert points([said(0, 1, 0), said(1, 0, 1)], num_answers=2).tolist() == [[0, 0.5], [0.5, 0]]


def test_who_told_neither_shares_what_there_is():
    assert points([said(0, 1, None)], num_answers=2).tolist() == [[0, 0.25], [0.25, 0]]


def test_a_judge_that_goes_by_place_alone_leaves_the_order_of_the_answers():
    biased = [said(i, j, j) for i, j in orders(4)]

    assert ranked_by_pairs(biased, num_answers=4) == (0, 1, 2, 3)


def test_the_answer_that_wins_most_pairs_is_best():
    assert ranked_by_pairs(by_quality([1, 3, 2]), num_answers=3) == (1, 2, 0)


def test_of_two_that_win_as_many_pairs_the_stronger_one_is_best():
    # 1 and 2 both win two pairs of three: 1 by 1.0 each, 2 by 0.75 each, and 0 beats 1.
    comparisons = [
        said(0, 1, 0), said(1, 0, None), said(2, 0, 2), said(0, 2, None),
        said(1, 2, 1), said(2, 1, 1), said(1, 3, 1), said(3, 1, 1),
        said(2, 3, 2), said(3, 2, None), said(0, 3, 3), said(3, 0, None),
    ]  # fmt: skip
    table = points(comparisons, num_answers=4)

    assert copeland(table).tolist() == [1, 2, 2, 1]
    assert strengths(table)[1] > strengths(table)[2]
    assert ranked_by_pairs(comparisons, num_answers=4)[:2] == (1, 2)


def test_strengths_are_those_under_which_the_points_are_likeliest():
    table = points(by_quality([0, 2, 1, 1]), num_answers=4)
    gained = table + 0.5 * (1 - np.eye(4))
    found = strengths(table)

    # At the maximum everybody's points are those that are expected.
    odds = 1 / (1 + np.exp(found[None, :] - found[:, None]))
    expected = ((gained + gained.T) * odds).sum(axis=1) - np.diag((gained + gained.T) * odds)
    assert expected == pytest.approx(gained.sum(axis=1), abs=1e-6)
    assert found.sum() == pytest.approx(0, abs=1e-9)


def test_who_wins_everything_has_a_strength_all_the_same():
    assert np.isfinite(strengths(points(by_quality([3, 2, 1]), num_answers=3))).all()


def test_one_answer_is_the_best():
    assert ranked_by_pairs([], num_answers=1) == (0,)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=7))
def test_a_judge_that_is_right_ranks_by_quality_and_the_first_given_of_equals(quality):
    order = ranked_by_pairs(by_quality(quality), num_answers=len(quality))

    assert list(order) == sorted(range(len(quality)), key=lambda at: -quality[at])


@given(st.lists(st.sampled_from([0, 1, None]), min_size=12, max_size=12))
def test_points_of_a_pair_sum_to_what_was_asked(verdicts):
    asked = list(zip(orders(4), verdicts, strict=True))
    table = points(
        [said(i, j, None if v is None else (i, j)[v]) for (i, j), v in asked], num_answers=4
    )

    assert (table + table.T) == pytest.approx(1 - np.eye(4))

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.profiles import count_answers
from routers.recruiting import (
    best,
    competency,
    draw,
    fitted_probability,
    paper_shares,
    released_shares,
    smallest_k,
    standing_usage,
    suitability,
    trimmed,
    usage,
)


def profiles():
    """a: 3 of 4 and 2 of 2 right; b: 1 of 4 and 2 of 2; c: nothing right."""
    right = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 1, 0], [1, 1, 0]])
    skills = [["x"]] * 4 + [["y"]] * 2
    return count_answers(right, skills, experts=["a", "b", "c"], data_sha256="s")


@pytest.mark.parametrize("k", [0, 4])
def test_more_or_fewer_experts_than_there_are_is_refused(k):
    with pytest.raises(RouterError, match="there are 3 experts"):
        best(np.zeros((1, 3)), k=k)


def test_suitability_and_competency_are_those_of_the_paper():
    # x: 3-1=2, 1-3=-2, -4; y: 2, 2, -2. Totals 4, 0, -6, of which the last counts as 0.
    assert suitability(profiles(), [[0], [0, 1], []]).tolist() == [[2, -2, -4], [4, 0, -6], [0] * 3]
    assert competency(profiles()).tolist() == [1, 0, 0]


def test_a_pool_that_is_mostly_wrong_has_no_best_by_sign():
    wrong = count_answers(np.zeros((1, 2)), [["x"]], experts=["a", "b"], data_sha256="s")

    assert competency(wrong).tolist() == [0.5, 0.5]


def test_shares_are_a_softmax_at_half_temperature():
    found = paper_shares(np.array([[1.0, 0.0]]))

    # The squares of e and of one: 7.389 and 1.
    assert found[0] == pytest.approx([0.8808, 0.1192], abs=1e-4)


def test_released_shares_are_linear_and_skip_who_does_not_suit():
    suited = np.array([[2.0, 3.0, -1.0], [-1.0, -1.0, -1.0]])

    found = released_shares(profiles(), suited)

    assert found[0].tolist() == [1, 0, 0]
    assert found[1] == pytest.approx([1 / 3] * 3)


def test_slots_are_drawn_as_often_as_shares_say():
    shares = np.tile([0.7, 0.3, 0.0], (2000, 1))

    slots = draw(shares, k=3, seeds=range(2000))

    assert np.bincount(slots.ravel(), minlength=3) / 6000 == pytest.approx([0.7, 0.3, 0], abs=0.03)


def test_rare_experts_give_their_slots_to_the_others():
    shares = np.vstack([np.tile([0.6, 0.4, 0.0], (99, 1)), [[0.0, 0.0, 1.0]]])

    drawn = draw(shares, k=3, seeds=range(100))
    used = usage(drawn, num_experts=3)
    slots, rare = trimmed(shares, drawn, used=used, seeds=range(100))

    assert rare.tolist() == [2]
    assert set(slots.ravel().tolist()) == {0, 1}


def test_the_standing_usage_weighs_each_skill_by_how_often_it_was_asked():
    # a alone is right at x, b alone at y, and x is asked nine times as often.
    right = np.array([[1, 0]] * 90 + [[0, 1]] * 10)
    skills = [["x"]] * 90 + [["y"]] * 10
    known = count_answers(right, skills, experts=["a", "b"], data_sha256="s")

    assert standing_usage(known) == pytest.approx([0.9, 0.1], abs=0.01)


@given(st.integers(1, 6), st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_a_higher_wish_never_needs_fewer_experts(max_k, one, other):
    accuracies = np.random.default_rng(max_k).random((20, 6))
    low, high = sorted([one, other])

    few = smallest_k(accuracies, probability=low, max_k=max_k)
    many = smallest_k(accuracies, probability=high, max_k=max_k)

    assert (few <= many).all()
    assert few.min() >= 1
    assert many.max() <= max_k


def test_the_least_probability_that_is_as_good_is_found():
    accuracies = np.array([[0.9, 0.5, 0.5], [0.4, 0.4, 0.4]] * 10)
    right_by_k = np.array([[1, 1, 1], [0, 0, 1]] * 10)

    found = fitted_probability(accuracies, right_by_k, as_good_as=3)

    assert found == 0.41
    assert smallest_k(accuracies, probability=found, max_k=3)[:2].tolist() == [1, 3]
    # One step less and the hard question would get one expert.
    assert smallest_k(accuracies, probability=0.4, max_k=3)[1] == 1


def test_where_nobody_is_as_good_as_all_together_all_are_recruited():
    # The model sees no use in a second vote of two equals, which here is all that counts.
    accuracies, right_by_k = np.full((20, 2), 0.99), np.tile([0.0, 1.0], (20, 1))

    assert fitted_probability(accuracies, right_by_k, as_good_as=2) == 1.0

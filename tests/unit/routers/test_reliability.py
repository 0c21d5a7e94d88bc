import numpy as np
import pytest

from routers.base import RouterError
from routers.reliability import Ballots, fit_weights, unmoved


def ballots(answers, expected=None, groups=None, num_options=3):
    answers = np.array(answers)
    expected = np.full(answers.shape, 0.6) if expected is None else np.array(expected)
    groups = np.zeros(len(answers), dtype=int) if groups is None else np.array(groups)
    return Ballots(answers=answers, expected=expected, groups=groups, num_options=num_options)


def independent(num_experts):
    return unmoved(num_experts=num_experts, num_groups=1, num_options=3)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"answers": [[0, 1]], "expected": [[0.5]]}, "differ in shape"),
        ({"answers": [[0]], "groups": [0, 1]}, "differ in shape"),
        ({"answers": [[3]]}, "lie in -1 to 2"),
        ({"answers": [[-2]]}, "lie in -1 to 2"),
    ],
)
def test_ballots_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(RouterError, match=message):
        ballots(**parts)


def test_nobody_wins_where_nobody_answers():
    assert independent(2).winners(ballots([[-1, -1]])).tolist() == [-1]


def test_two_fair_experts_beat_one_but_not_a_far_better_one():
    fair = ballots([[0, 1, 1]])
    better = ballots([[0, 1, 1]], expected=[[0.95, 0.5, 0.5]])

    assert independent(3).winners(fair).tolist() == [1]
    assert independent(3).winners(better).tolist() == [0]


def test_an_answer_that_is_given_never_counts_against_itself():
    found = independent(2).weights(ballots([[0, -1]], expected=[[0.01, 0.9]]))

    assert found[0, 0] > 0
    assert found[0, 1] == 0


def test_who_says_a_when_unsure_is_believed_less_when_it_does():
    dice = np.random.default_rng(0)
    gold = dice.integers(0, 3, 600)
    # The first expert knows half of the answers and says 0 else; the second knows 60 %.
    first = np.where(dice.random(600) < 0.5, gold, 0)
    second = np.where(dice.random(600) < 0.6, gold, (gold + 1) % 3)
    known = ballots(np.stack([first, second], axis=1), expected=np.tile([0.66, 0.6], (600, 1)))

    weights = fit_weights(known, gold, num_groups=1)

    assert weights.winners(ballots([[0, 1], [2, 1]])).tolist() == [1, 2]


def test_fitted_weights_are_at_least_as_often_right_as_unmoved_ones():
    dice = np.random.default_rng(1)
    gold = dice.integers(0, 3, 900)
    groups = np.arange(900) % 2
    p = np.where(groups[:, None] == 0, [0.9, 0.4, 0.4], [0.4, 0.5, 0.5])
    answers = np.where(dice.random((900, 3)) < p, gold[:, None], (gold[:, None] + 1) % 3)
    known = ballots(answers, groups=groups)

    fitted = fit_weights(known, gold, num_groups=2)

    before = unmoved(num_experts=3, num_groups=2, num_options=3).winners(known) == gold
    assert (fitted.winners(known) == gold).mean() > before.mean()

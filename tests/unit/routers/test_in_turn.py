"""Experts asked one after another."""

import numpy as np
import pytest

from routers.base import RouterError
from routers.in_turn import affordable_threshold, fitted_threshold, take_turns
from routers.reliability import Ballots, unmoved

#: Three experts of four options; the first two agree on the first question, not on the second.
ANSWERS = np.array([[1, 1, 2], [1, 3, 3], [-1, 2, 2]])


def ballots(answers=ANSWERS, expected=(0.8, 0.7, 0.6)) -> Ballots:
    return Ballots(
        answers=answers,
        expected=np.tile(expected, (len(answers), 1)),
        groups=np.zeros(len(answers), dtype=np.int64),
        num_options=4,
    )


def weights(turns):
    return [unmoved(num_experts=3, num_groups=1, num_options=4)] * turns


@pytest.mark.parametrize("turns", [0, 4])
def test_as_many_turns_as_experts_at_most(turns):
    with pytest.raises(RouterError, match="there are 1 to 3 experts to ask"):
        take_turns(ballots(), weights(turns))


def test_where_the_first_agree_the_rest_are_not_asked():
    turns = take_turns(ballots(), weights(3))

    # One expert of 0.8 is right with 0.8; two that agree with 0.8 x 0.7 / (that + 0.2 x 0.3 / 3).
    assert turns.shares[0, :2] == pytest.approx([0.8, 0.56 / 0.58])
    assert turns.stops(0.9).tolist() == [2, 3, 3]
    assert turns.answers(turns.stops(0.9)).tolist() == [1, 3, 2]


def test_who_gives_no_answer_leaves_the_question_open():
    turns = take_turns(ballots(), weights(3))

    assert turns.winners[2].tolist() == [-1, 2, 2]
    assert turns.shares[2, 0] == pytest.approx(0.25)


def test_calls_are_held_on_average():
    turns = take_turns(ballots(), weights(3))

    threshold = affordable_threshold(turns, mean_calls=2.7)

    assert turns.stops(threshold).mean() <= 2.7
    with pytest.raises(RouterError, match="every question takes 1 or more"):
        affordable_threshold(turns, mean_calls=0.5)


def test_the_least_threshold_that_is_as_good_is_taken():
    dice = np.random.default_rng(0)
    gold = dice.integers(0, 4, 4000)
    is_right = dice.uniform(size=(4000, 3)) < [0.8, 0.75, 0.7]
    wrong = (gold[:, None] + dice.integers(1, 4, (4000, 3))) % 4
    answers = np.where(is_right, gold[:, None], wrong)
    turns = take_turns(ballots(answers, (0.8, 0.75, 0.7)), weights(3))

    threshold = fitted_threshold(turns, gold, as_good_as=3)

    stops = turns.stops(threshold)
    assert stops.mean() < 2.5
    right = (turns.answers(stops) == gold).mean()
    assert right >= (turns.winners[:, 2] == gold).mean() - 0.01

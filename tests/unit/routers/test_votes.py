from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.votes import MIN_WEIGHT, Ballot, chances, hold_vote, weight_of


def ballots(*answers):
    return [Ballot(expert=f"e{i}", answer=answer) for i, answer in enumerate(answers)]


def test_a_vote_of_nobody_is_refused():
    with pytest.raises(RouterError, match="one ballot or more"):
        hold_vote([])


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused_with_its_expert(weight):
    with pytest.raises(RouterError, match="ballot of 'mth' weighs"):
        hold_vote([Ballot(expert="mth", answer="C", weight=weight)])


def test_nobody_answers_when_all_abstain():
    vote = hold_vote(ballots(None, None))

    assert (vote.answer, vote.share, vote.abstained) == (None, 0.0, ("e0", "e1"))


def test_most_answers_win_and_those_who_abstain_do_not_count():
    vote = hold_vote(ballots("A", None, "B", "B"))

    assert (vote.answer, vote.share, vote.abstained) == ("B", pytest.approx(2 / 3), ("e1",))


def test_the_better_expert_breaks_a_tie():
    assert hold_vote(ballots("A", "B", "C")).answer == "A"


def test_a_heavy_ballot_beats_two_light_ones():
    heavy = Ballot(expert="sure", answer="A", weight=3)

    assert hold_vote([*ballots("B", "B"), heavy]).answer == "A"


@given(st.lists(st.sampled_from(["A", "B", "C", None]), min_size=1, max_size=12))
def test_shares_sum_to_one_and_the_winner_has_the_largest(answers):
    vote = hold_vote(ballots(*answers))

    assert sum(vote.shares.values()) == pytest.approx(1.0 if vote.answer else 0.0)
    assert vote.share == max(vote.shares.values(), default=0.0)


def test_a_better_expert_weighs_more_and_a_guesser_next_to_nothing():
    weights = [weight_of(p, num_options=10) for p in (0.0, 0.1, 0.5, 0.9, 1.0)]

    assert weights == sorted(weights)
    assert weights[:2] == [MIN_WEIGHT, MIN_WEIGHT]


def enumerated(accuracies, num_options):
    """The chance by trying every outcome; answer 0 is right."""
    total = 0.0
    for votes in product(range(num_options), repeat=len(accuracies)):
        counts = np.bincount(votes, minlength=num_options)
        if counts[0] == counts.max():
            odds = [
                p if vote == 0 else (1 - p) / (num_options - 1)
                for vote, p in zip(votes, accuracies, strict=True)
            ]
            total += float(np.prod(odds)) / np.count_nonzero(counts == counts.max())
    return total


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.integers(2, 4))
def test_chances_are_those_of_counting_every_outcome(accuracies, num_options):
    found = chances(np.array([accuracies]), num_options=num_options)[0]

    every = [enumerated(accuracies[:k], num_options) for k in range(1, len(accuracies) + 1)]
    assert found == pytest.approx(every, abs=1e-9)

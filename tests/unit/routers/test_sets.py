"""The best set of experts under caps."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routers.base import RouterError
from routers.sets import Candidate, Caps, best_set, noisy_or
from routers.votes import chances

POOL = (
    Candidate(expert="great", score=0.9, price_usd=0.3, latency_s=2.0, energy_j=50.0),
    Candidate(expert="good", score=0.7, price_usd=0.1, latency_s=1.0, energy_j=20.0),
    Candidate(expert="fair", score=0.6, price_usd=0.2, latency_s=0.5, energy_j=10.0),
)
vote = partial(chances, num_options=4)


@pytest.mark.parametrize(
    ("candidates", "k", "message"),
    [
        pytest.param((), 1, "one or more different experts", id="nobody"),
        pytest.param((POOL[0], POOL[0]), 1, "different experts", id="twice"),
        pytest.param(POOL, 0, "a set of 0", id="no k"),
        pytest.param((Candidate(expert="e", score=1.1),), 1, "score lies in 0 to 1", id="score"),
        pytest.param((Candidate(expert="e", score=float("nan")),), 1, "score lies", id="nan"),
        pytest.param(
            (Candidate(expert="e", score=1, price_usd=-1),), 1, "costs are 0 or more", id="price"
        ),
    ],
)
def test_bad_input_is_refused(candidates, k, message):
    with pytest.raises(RouterError, match=message):
        best_set(candidates, Caps(), k=k)


def test_caps_that_nobody_meets_are_refused_with_the_nearest():
    with pytest.raises(RouterError, match=r"'good', whose price_usd 0\.1 is over 0\.09"):
        best_set(POOL, Caps(max_price_usd=0.09), k=2)


def test_without_caps_the_best_k_are_taken():
    found = best_set(POOL, Caps(), k=2)

    assert found.experts == ("great", "good")
    assert found.quality == pytest.approx(1 - 0.1 * 0.3)
    assert found.is_best


def test_two_cheap_experts_may_be_worth_more_than_a_dear_one():
    # great alone is right with 0.9, one of good and fair with 1 - 0.3 * 0.4 = 0.88.
    found = best_set(POOL, Caps(max_price_usd=0.3), k=3)
    assert found.experts == ("great",)

    found = best_set(POOL, Caps(max_price_usd=0.3, max_energy_j=49), k=3)
    assert found.experts == ("good", "fair")
    assert found.left_out == {"great": "energy_j 50 is over 49"}


def test_a_cap_that_is_met_to_the_last_decimal_is_held():
    # In floats 0.1 + 0.2 is over 0.3.
    found = best_set(POOL[1:], Caps(max_price_usd=0.3), k=2)

    assert found.experts == ("good", "fair")


def test_a_set_is_as_slow_as_its_slowest():
    found = best_set(POOL, Caps(max_latency_s=1.0), k=3)

    assert found.experts == ("good", "fair")
    assert found.latency_s == 1.0


def test_a_cap_of_nothing_leaves_what_is_free():
    free = Candidate(expert="free", score=0.2)

    assert best_set((*POOL, free), Caps(max_price_usd=0), k=2).experts == ("free",)


def test_a_vote_is_not_joined_by_who_lowers_it():
    pool = (Candidate(expert="sure", score=0.95), Candidate(expert="guess", score=0.1))

    assert best_set(pool, Caps(), k=2, quality=vote).experts == ("sure",)


def test_out_of_time_there_is_a_set_and_it_says_so():
    crowd = [
        Candidate(expert=f"e{at:02}", score=0.3 + at / 100, price_usd=1 + at % 7 / 10)
        for at in range(60)
    ]

    found = best_set(crowd, Caps(max_price_usd=6.9), k=6, time_s=0.0)

    assert found.experts
    assert not found.is_best


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 4), is_vote=st.booleans())
def test_no_set_within_the_caps_is_better(seed, k, is_vote):
    dice = np.random.default_rng(seed)
    pool = [
        Candidate(
            expert=f"e{i}",
            score=float(dice.uniform()),
            price_usd=float(dice.uniform()),
            latency_s=float(dice.uniform()),
            energy_j=float(dice.uniform()),
        )
        for i in range(9)
    ]
    caps = Caps(max_price_usd=1.2, max_latency_s=0.9, max_energy_j=1.5)
    quality = vote if is_vote else noisy_or
    by_hand = max(
        float(quality(np.array([sorted((one.score for one in own), reverse=True)]))[0, -1])
        for size in range(1, k + 1)
        for own in combinations(pool, size)
        if sum(one.price_usd for one in own) <= 1.2
        and sum(one.energy_j for one in own) <= 1.5
        and max(one.latency_s for one in own) <= 0.9
    )

    found = best_set(pool, caps, k=k, quality=quality, time_s=60)

    assert found.is_best
    assert found.quality == pytest.approx(by_hand)
    assert found.price_usd <= 1.2
    assert found.energy_j <= 1.5
    assert found.latency_s <= 0.9

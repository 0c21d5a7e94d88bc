"""What is learned on all experts holds for those that are allowed: nobody is overtaken."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from routers.base import Prompts
from routers.mapping import Quality
from routers.profiles import count_answers
from routers.recruiter import Recruiter, Recruiting
from routers.recruiting import competency, paper_shares, released_shares, suitability
from tests.unit.routers.small import SKILLS, router

EXPERTS = ("a", "b", "c", "d", "e")


def profiles(seed: int):
    """All asked the same, so that no one's chance is another's luck."""
    dice = np.random.default_rng(seed)
    right = (dice.uniform(size=(60, 5)) < dice.uniform(0.3, 0.9, 5)).astype(float)
    skills = [[str(row % 3)] for row in range(60)]
    return count_answers(right, skills, experts=EXPERTS, data_sha256="0")


def shares(rows, pool):
    return dict(zip(pool.experts, rows[0].tolist(), strict=True))


def overtaken(before, now):
    """Pairs of whom one was clearly ahead before, and is behind now."""
    return [
        (one, other)
        for one, other in permutations(now, 2)
        if before[one] > before[other] + 1e-9 and now[one] < now[other] - 1e-12
    ]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_skill_router_orders_any_subset_as_it_orders_all(seed):
    gate = Recruiter(profiles=profiles(seed), prior_count=5.0, rule=Recruiting(mode="top_k", k=1))
    [everyone] = gate.recruit([["1"]], EXPERTS)

    for allowed in combinations(EXPERTS, 3):
        [some] = gate.recruit([["1"]], allowed)
        assert not overtaken(everyone.scores, some.scores)
        assert set(some.scores) == set(allowed)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
@example(seed=4749)
def test_chances_of_a_slot_are_shared_anew_among_the_allowed(seed):
    pool = profiles(seed)
    suited = suitability(pool, [[1]])
    whole = shares(released_shares(pool, suited), pool)
    # Where a question suits nobody everyone has the same chance, which says nothing of any.
    suits = shares(competency(pool) * (suited > 0), pool)

    for allowed in combinations(EXPERTS, 3):
        some = pool.of(allowed)
        now = shares(released_shares(some, suitability(some, [[1]])), some)
        if any(suits[name] for name in allowed):
            left = sum(whole[name] for name in allowed)
            assert now == pytest.approx({name: whole[name] / left for name in allowed})


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_papers_softmax_orders_any_subset_as_it_orders_all(seed):
    pool = profiles(seed)
    whole = shares(paper_shares(competency(pool) * suitability(pool, [[1]])), pool)

    for allowed in combinations(EXPERTS, 3):
        some = pool.of(allowed)
        now = shares(paper_shares(competency(some) * suitability(some, [[1]])), some)
        assert sum(now.values()) == pytest.approx(1)
        assert not overtaken(whole, now)


def test_a_category_router_scores_the_allowed_as_it_scores_all():
    table = np.array([[0.9, 0.5, 0.7], [0.2, 0.8, 0.3], [0.1, 0.2, 0.6]], dtype=np.float32)
    gate = router(quality=Quality(categories=SKILLS, experts=("a", "b", "c"), table=table))

    [everyone] = gate.route(Prompts(texts=["capital"], candidates=frozenset("abc")))
    [some] = gate.route(Prompts(texts=["capital"], candidates=frozenset("bc")))

    assert everyone.chosen == ("a",)
    assert some.chosen == ("c",)
    assert some.scores == {name: everyone.scores[name] for name in "bc"}

"""Several experts for one request, together within its caps."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.compositions.allowed import Allowed, Expected
from orchestrator.compositions.team import recruited, team_of
from orchestrator.routing.limits import UNLIMITED, Limits
from routers.base import Route


def allowed(limits: Limits = UNLIMITED, **price_usd: float) -> Allowed:
    def expected(name: str) -> Expected:
        return Expected(price_usd=price_usd[name], energy_j=None, latency_s=None, tokens=1)

    return Allowed(experts=frozenset(price_usd), limits=limits, left_out=(), expected=expected)


def route(*chosen: str, **scores: float) -> Route:
    return Route(chosen=chosen, scores=scores)


def test_one_expert_is_no_team():
    assert team_of(route("a", a=0.9, b=0.8), allowed(a=1, b=1)) == ()
    assert team_of(route("a", "a", a=0.9), allowed(a=1)) == ()


def test_without_caps_and_within_them_the_router_is_followed():
    recruited = route("b", "a", "b", a=0.9, b=0.8, c=0.7)

    assert team_of(recruited, allowed(a=1, b=1, c=1)) == ("b", "a", "b")
    assert team_of(recruited, allowed(Limits(max_price_usd=3), a=1, b=1, c=1)) == ("b", "a", "b")
    assert team_of(recruited, allowed(Limits(max_price_usd=2), a=1, b=1, c=1)) == ("a", "b")


def test_a_team_that_is_too_dear_together_is_the_best_that_is_not():
    # a and b take 6; a and c take 4: 1 - 0.1 * 0.4 is over 1 - 0.2 * 0.4 of b and c.
    limits = Limits(max_price_usd=5.0)
    recruited = route("a", "b", a=0.9, b=0.8, c=0.6)

    assert team_of(recruited, allowed(limits, a=3, b=3, c=1)) == ("a", "c")


PRICES = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.floats(0.01, 0.99), st.integers(1, 9)), min_size=2
)


@given(PRICES, st.integers(9, 20))
def test_no_set_of_as_many_within_the_cap_is_better(experts, cap):
    scores = {name: score for name, (score, _) in experts.items()}
    prices = {name: float(price) for name, (_, price) in experts.items()}
    ordered = sorted(scores, key=lambda name: (-scores[name], name))[:3]

    def value(names) -> float:
        missed = 1.0
        for name in set(names):
            missed *= 1 - scores[name]
        return 1 - missed

    found = team_of(route(*ordered, **scores), allowed(Limits(max_price_usd=cap), **prices))

    within = [
        names
        for size in range(1, len(ordered) + 1)
        for names in combinations(scores, size)
        if sum(prices[name] for name in names) <= cap
    ]
    assert sum(prices[name] for name in found) <= cap
    assert value(found) >= max(map(value, within)) - 1e-9


def test_who_goes_by_skills_has_said_whom_a_question_needs_and_how_often():
    found = Route(chosen=("a", "b", "a", "c"), scores={"a": 1.0, "d": 0.9}, skills=("sum",))

    assert recruited(found, most=2).chosen == ("a", "b", "a")
    assert recruited(Route(chosen=("a",), scores=found.scores, skills=("sum",)), most=3).chosen == (
        "a",
    )


def test_a_router_without_skills_is_followed_by_its_next_best():
    assert recruited(route("a", a=0.9, b=0.7, c=0.8), most=2).chosen == ("a", "c")


def test_an_unsure_router_s_general_expert_answers_alone():
    unsure = Route(chosen=("a",), scores={"a": 0.5, "b": 0.4}, is_fallback=True)

    assert recruited(unsure, most=3).chosen == ("a",)


@pytest.mark.parametrize(
    ("max_gap_points", "expected"),
    [(None, ("a", "b", "c")), (10.0, ("a", "b")), (1.0, ("a",))],
)
def test_of_a_router_without_skills_those_close_to_its_best_are_recruited(max_gap_points, expected):
    route = Route(chosen=("a",), scores={"a": 0.9, "b": 0.85, "c": 0.2})

    found = recruited(route, most=3, max_gap_points=max_gap_points)

    assert found.chosen == expected


def test_whom_skills_recruit_the_gap_leaves_alone():
    route = Route(chosen=("a", "c"), scores={"a": 0.9, "c": 0.2}, skills=("sum",))

    assert recruited(route, most=3, max_gap_points=1.0).chosen == ("a", "c")

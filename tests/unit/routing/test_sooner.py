"""Quality against seconds, and who comes after whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.routing.sooner import sooner, succession
from routers.base import Route

ROUTE = Route(chosen=("best",), scores={"best": 0.80, "near": 0.79, "far": 0.60})


def led(route: Route, *, slack: float, **seconds: float) -> Route:
    return sooner(route, seconds.get, slack=slack)


def test_the_one_that_answers_sooner_goes_first_within_the_slack():
    route = led(ROUTE, slack=0.02, best=3.0, near=1.0, far=0.1)

    assert route.chosen == ("near", "best")
    (reason,) = route.reasons
    assert reason.startswith(
        "'near' (score 0.790, 1.00 s) goes before 'best' (score 0.800, 3.00 s)"
    )


def test_slack_is_a_distance_of_scores_its_end_included():
    assert led(ROUTE, slack=0.2, best=3.0, near=1.0, far=0.1).chosen[0] == "far"
    assert led(ROUTE, slack=0.19, best=3.0, near=1.0, far=0.1).chosen[0] == "near"


UNCHANGED = {
    "no slack": (0.0, {"best": 9.0, "near": 1.0}),
    "the best is soonest": (0.02, {"best": 1.0, "near": 2.0}),
    "as soon but for a moment": (0.02, {"best": 1.0, "near": 0.96}),
    "nothing is known of the best": (0.02, {"near": 1.0}),
    "nothing is known of the others": (0.02, {"best": 9.0}),
}


@pytest.mark.parametrize(("slack", "seconds"), UNCHANGED.values(), ids=UNCHANGED)
def test_else_the_best_stays(slack, seconds):
    assert led(ROUTE, slack=slack, **seconds) is ROUTE


def test_of_those_that_are_as_soon_the_better_goes_first():
    assert led(ROUTE, slack=0.5, best=3.0, near=1.0, far=1.0).chosen[0] == "near"


def test_a_route_of_doubt_is_left_as_it_is():
    route = Route(chosen=("general",), scores={"general": 0.1, "best": 0.9}, is_fallback=True)

    assert led(route, slack=0.5, general=9.0, best=1.0) is route


@given(
    scores=st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=1),
    seconds=st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 100)),
    slack=st.floats(0, 1),
)
def test_no_more_score_is_given_up_than_the_slack_and_no_second_is_lost(scores, seconds, slack):
    best = max(scores, key=scores.__getitem__)
    route = Route(chosen=(best,), scores=scores)

    first = sooner(route, seconds.get, slack=slack).chosen[0]

    assert scores[first] >= scores[best] - slack - 1e-6
    assert seconds.get(first, 0.0) <= seconds.get(best, 0.0)


def test_the_routers_other_choices_come_before_the_next_scores():
    route = Route(chosen=("b", "c"), scores={"a": 0.9, "b": 0.5, "c": 0.1, "d": 0.3})

    assert succession(route, most=9) == ("c", "a", "d")
    assert succession(route, most=2) == ("c", "a")
    assert succession(route, most=0) == ()

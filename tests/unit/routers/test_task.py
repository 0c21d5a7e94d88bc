"""Experts of one task, in their order."""

import pytest

from routers.base import Prompts, RouterError
from routers.task import TaskRouter

ROUTER = TaskRouter(version="1", experts={"first": 0.6, "second": 0.2, "third": 0.4})


def routed(*texts, candidates):
    return ROUTER.route(Prompts(texts=texts, candidates=frozenset(candidates)))


def test_where_none_of_its_experts_may_answer_they_are_named():
    with pytest.raises(RouterError, match=r"none of \['first', 'second', 'third'\] is a candidate"):
        routed("x", candidates={"other"})


def test_experts_are_chosen_in_their_order_with_what_they_solve():
    (route,) = routed("x", candidates={"first", "second", "third", "other"})

    assert route.chosen == ("first", "second", "third")
    assert route.scores == {"first": 0.6, "second": 0.2, "third": 0.4}
    assert route.reasons == ("'first' is the first for this task (solves 60%)",)


def test_who_cannot_answer_is_passed_over_and_named():
    (route,) = routed("x", candidates={"second", "third"})

    assert route.chosen == ("second", "third")
    assert route.reasons[0].endswith("no candidate: 'first'")


def test_there_is_one_route_a_text():
    assert len(routed("x", "y", "z", candidates={"first"})) == 3
    assert routed(candidates={"first"}) == []

import pytest

from routers.base import RouterError
from routers.datasets import Outcome, answered
from routers.spending import Costs
from routers.trial import trial_of
from tests.unit.routers.trials import examples_of, trial


def test_nothing_to_try_is_refused():
    with pytest.raises(RouterError, match="no question is left"):
        trial({"a": "AB"}, gold="AB", num_fitted=2)


def test_a_pool_in_which_nobody_answered_all_is_refused_with_what_each_lacks():
    with pytest.raises(RouterError, match=r"no expert was asked all 3 questions; .* a 1, b 2"):
        trial({"a": "-AA", "b": "A--"}, gold="AAA")


def test_an_expert_that_missed_questions_is_left_out_and_named():
    found = trial({"a": "ABA", "b": "A-A"}, gold="AAA")

    assert found.experts == ("a",)
    assert found.left_out == {"b": 1}


def test_the_best_single_expert_is_told_by_the_questions_that_are_not_tried():
    # On the first two `a` is right twice; on those tried `b` is.
    found = trial({"a": "AABB", "b": "BBAA"}, gold="AAAA", num_fitted=2)

    assert found.experts[found.order[0, 0]] == "a"
    assert found.order_from == "2 questions that are not tried"


def test_without_such_questions_each_half_tells_it_to_the_other():
    # Right on even questions: `a`; on odd ones: `b`. Each looks best where it is not tried.
    found = trial({"a": "ABAB", "b": "BABA"}, gold="AAAA")

    assert [found.experts[best] for best in found.order[:, 0]] == ["b", "a", "b", "a"]


def test_equal_answers_have_one_number_and_none_has_none():
    found = trial({"a": "A.", "b": "AB", "c": "BB"}, gold="AB")

    assert found.answers is not None
    assert found.answers.tolist() == [[0, 0, 1], [-1, 0, 0]]


def test_scores_alone_make_no_answers():
    outcomes = [Outcome(id="0", expert="a", score=0.5)]

    found = trial_of(answered(examples_of(1), outcomes), outcomes, tried=[0])

    assert found.answers is None
    assert set(found.costs) == {"calls"}


def test_costs_are_by_question_and_those_not_stated_of_all_are_left_out():
    stated = Costs(
        by_expert={
            "a": {"active_params_b": 7, "price_usd_per_1000": 1},
            "b": {"active_params_b": 3},
        }
    )

    found = trial({"a": "AA", "b": "AA"}, gold="AA", stated=stated)

    assert found.costs["active_params_b"].tolist() == [[7, 3], [7, 3]]
    assert found.costs["tokens"].tolist() == [[10, 10], [20, 20]]
    assert "price_usd_per_1000" not in found.costs
    assert found.unstated == {"price_usd_per_1000": ("b",)}

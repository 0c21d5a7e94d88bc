import numpy as np
import pytest

from routers.base import RouterError
from routers.consensus import confidences, consensus_grades
from routers.profiles import count_answers


def test_answers_that_do_not_fit_their_weights_are_refused():
    with pytest.raises(RouterError, match="1 rows of answers do not fit"):
        consensus_grades([["A", "B"]], np.ones((2, 2)))


@pytest.mark.parametrize("value", [np.nan, -np.inf, -3.0])
def test_log_probabilities_that_say_nothing_weigh_as_a_median(value):
    assert confidences(np.full((4, 2), value)).tolist() == [[0.5, 0.5]] * 4


def test_experts_are_compared_on_their_own_scale():
    own = np.array([[-1.0], [-2.0], [-3.0]])

    found = confidences(np.hstack([own, 10 * own - 5]))

    assert found[:, 0] == pytest.approx(found[:, 1])
    assert found[0, 0] > 0.5 > found[2, 0]


def test_a_grade_is_the_share_of_the_weight_behind_an_answer():
    found = consensus_grades([["A", "A", "B", None]], np.array([[0.5, 0.5, 1.0, 9.0]]))

    assert found.tolist() == [[0.5, 0.5, 0.5, 0.0]]


def test_nobody_is_graded_where_all_abstain():
    assert consensus_grades([[None, None]], np.ones((1, 2))).tolist() == [[0, 0]]


def test_the_best_expert_of_a_skill_is_found_without_a_label():
    dice = np.random.default_rng(0)
    p = np.array([0.85, 0.6, 0.55, 0.5])
    is_right = dice.random((300, 4)) < p
    wrong = dice.integers(1, 9, (300, 4))
    answers = np.where(is_right, "0", wrong.astype(str)).tolist()
    log_probs = np.where(is_right, -0.5, -1.0) + dice.normal(0, 0.5, (300, 4))

    grades = consensus_grades(answers, confidences(log_probs))
    found = count_answers(grades, [["x"]] * 300, experts=list("abcd"), data_sha256="none")

    assert found.accuracy(prior_count=10.0)[0].argmax() == 0

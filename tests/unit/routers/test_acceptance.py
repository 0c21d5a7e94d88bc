import numpy as np
import pytest

from routers.acceptance import (
    Costs,
    Judged,
    agreement,
    curve,
    fitted,
    for_budget,
    for_quality,
    judged_by_agreement,
    judged_by_confidence,
)
from routers.acceptance_files import Sides, load_acceptance, write_acceptance
from routers.base import RouterError
from routers.datasets import Outcome

SIDES = Sides(cheap=("small",), strong="large", num_samples=3)


def judged(confidence, cheap, strong=None):
    num = len(confidence)
    return Judged(
        confidence=np.array(confidence, dtype=float),
        cheap=np.array(cheap, dtype=float),
        strong=np.ones(num) if strong is None else np.array(strong, dtype=float),
        cheap_cost=np.full(num, 1.0),
        strong_cost=np.full(num, 10.0),
    )


def hundred():
    """Sure and right on the first half, unsure and wrong on the second."""
    return judged([0.9] * 50 + [0.3] * 50, [1] * 50 + [0] * 50)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(["a", "a", "b"], ("a", 2 / 3), id="two of three"),
        pytest.param(["b", "a"], ("b", 0.5), id="tie: the first"),
        pytest.param(["a", None, None], ("a", 1 / 3), id="silence agrees with nobody"),
        pytest.param([None, None], (None, 0.0), id="nobody says anything"),
    ],
)
def test_agreement_is_the_share_of_all_samples(answers, expected):
    answer, share = agreement(answers)

    assert answer == expected[0]
    assert share == pytest.approx(expected[1])


def test_the_curve_goes_from_taking_everything_to_taking_nothing():
    points = curve(hundred())

    assert [point.accepted for point in points] == [1.0, 0.5, 0.0]
    assert [point.quality for point in points] == [0.5, 1.0, 1.0]
    # A call of the cheap side is always paid: 1, 1 + 5, 1 + 10.
    assert [point.cost for point in points] == [1.0, 6.0, 11.0]
    assert [point.tau for point in points] == [0.3, 0.9, 1.9]


def test_a_quality_is_reached_as_cheaply_as_can_be():
    assert for_quality(0.99)(curve(hundred())).tau == 0.9


def test_a_budget_buys_as_much_as_it_can():
    point = for_budget(6.0)(curve(hundred()))

    assert (point.tau, point.quality) == (0.9, 1.0)


@pytest.mark.parametrize(
    ("choose", "fault"),
    [
        pytest.param(for_quality(1.1), "no tau reaches a quality of 1.1; the best is 1", id="q"),
        pytest.param(for_budget(0.5), "no tau costs 0.5 or less; the least is 1", id="cost"),
    ],
)
def test_what_no_tau_reaches_is_told_with_what_one_does(choose, fault):
    with pytest.raises(RouterError, match=fault):
        fitted(hundred(), choose)


def test_the_choice_is_measured_on_questions_left_out():
    point, metrics = fitted(hundred(), for_quality(0.99))

    assert point.tau == 0.9
    assert metrics["quality"] == 1.0
    assert metrics["cost"] == pytest.approx(6.0)
    assert metrics["cheap_quality"] == 0.5


def test_a_confidence_that_says_nothing_saves_little():
    dice = np.random.default_rng(0)
    told = judged(dice.random(400), (dice.random(400) < 0.5), np.ones(400))

    point, metrics = fitted(told, for_quality(0.95))

    assert point.accepted < 0.15
    assert metrics["quality"] > 0.9


def test_few_questions_are_refused():
    with pytest.raises(RouterError, match="2 questions were answered by both sides; 20"):
        fitted(judged([1, 1], [1, 1]), for_quality(0.5))


def outcomes(*, samples=("x", "x", "y")):
    found = [Outcome(id="q", expert="large", score=1.0, answer="x")]
    for number, answer in enumerate(samples):
        score = float(answer == "x")
        found.append(Outcome(id="q", expert="small", score=score, answer=answer, sample=number))
    return found


def test_samples_of_one_question_agree_and_the_agreed_answer_is_graded():
    found = judged_by_agreement(
        outcomes(), cheap=["small"], strong="large", costs=Costs(cheap=3, strong=10)
    )

    assert found.confidence.tolist() == pytest.approx([2 / 3])
    assert (found.cheap.tolist(), found.strong.tolist()) == ([1.0], [1.0])
    assert (found.cheap_cost.tolist(), found.strong_cost.tolist()) == ([3.0], [10.0])


@pytest.mark.parametrize(
    ("given", "cheap", "fault"),
    [
        pytest.param(outcomes(), ["tiny"], r"experts \['tiny'\] have no outcome", id="unknown"),
        pytest.param(outcomes(samples=("x",)), ["small"], "--samples", id="one sample"),
        pytest.param(outcomes(samples=(None, None)), ["small"], "hold no answers", id="silent"),
    ],
)
def test_what_cannot_agree_is_refused(given, cheap, fault):
    with pytest.raises(RouterError, match=fault):
        judged_by_agreement(given, cheap=cheap, strong="large", costs=Costs(cheap=1, strong=1))


def told(id_, expert, log_prob=None, *, score=1.0, sample=0):
    return Outcome(id=id_, expert=expert, score=score, log_prob=log_prob, sample=sample)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ([told("q1", "large")], r"experts \['small'\] have no outcome"),
        ([told("q1", "small", -0.1), told("q2", "large")], "no question has an outcome"),
        ([told("q1", "small"), told("q1", "large")], "orchestrator profile --log-probs"),
    ],
    ids=["nobody", "no question of both", "no log-probability"],
)
def test_words_that_nobody_told_the_likelihood_of_are_refused(given, fault):
    with pytest.raises(RouterError, match=fault):
        judged_by_confidence(given, cheap="small", strong="large", costs=Costs(cheap=1, strong=1))


def test_the_first_answer_counts_with_the_likelihood_of_its_words():
    found = judged_by_confidence(
        [
            told("q1", "small", -0.9, score=0.0, sample=1),
            told("q1", "small", -0.1),
            told("q1", "large"),
            told("q1", "large", score=0.0, sample=1),
            told("q2", "small", 1e-4),
            told("q2", "large"),
            told("q3", "small"),
            told("q3", "large"),
        ],
        cheap="small",
        strong="large",
        costs=Costs(cheap=1, strong=9),
    )

    # exp(-0.1); rounding above zero is certainty; the third one told none
    assert found.confidence.tolist() == pytest.approx([0.9048, 1.0], abs=1e-4)
    assert (found.cheap.tolist(), found.strong.tolist()) == ([1.0, 1.0], [0.5, 1.0])
    assert found.strong_cost.tolist() == [9.0, 9.0]


def test_a_written_rule_accepts_from_its_tau_on(tmp_path):
    write_acceptance(hundred(), tmp_path, sides=SIDES, choose=for_quality(0.99), data_sha256="0")

    rule = load_acceptance(tmp_path, experts=["small", "large"])

    assert [rule.accepts(one) for one in (0.89, 0.9, 1.0)] == [False, True, True]
    assert rule.sides == SIDES


def test_a_rule_about_experts_that_are_gone_is_refused(tmp_path):
    write_acceptance(hundred(), tmp_path, sides=SIDES, choose=for_quality(0.99), data_sha256="0")

    with pytest.raises(RouterError, match=r"asks experts \['large'\], which the registry"):
        load_acceptance(tmp_path, experts=["small"])

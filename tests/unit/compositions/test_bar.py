"""When cheap answers will do."""

import pytest

from orchestrator.compositions.bar import Bar, likelihood
from orchestrator.compositions.stages import CallDone
from orchestrator.engines.answer import Choice
from orchestrator.engines.base import TokenLogprob


def choice(text, *log_probs):
    tokens = tuple(TokenLogprob(token="t", logprob=one) for one in log_probs)
    return Choice(index=0, text=text, logprobs=tokens, finish_reason="stop")


def call(*choices, num_open=0):
    return CallDone(expert="a", took_s=0.0, choices=choices, num_open=num_open)


def bar(by, tau, num_asked=1):
    return Bar(by=by, tau=tau, num_asked=num_asked, answers="number")


@pytest.mark.parametrize(
    "said", [choice("yes"), choice(" ", -0.1), choice("")], ids=["untold", "blank", "nothing"]
)
def test_an_answer_whose_probability_nobody_told_is_never_sure(said):
    assert likelihood(said) is None
    assert bar("confidence", 0.01).verdict([call(said)]) is False


def test_the_likelihood_is_the_geometric_mean_of_the_tokens():
    # exp((-0.2 - 0.4) / 2) = exp(-0.3) = 0.7408
    assert likelihood(choice("yes", -0.2, -0.4)) == pytest.approx(0.7408, abs=1e-4)


def test_rounding_above_certainty_is_certainty():
    assert likelihood(choice("yes", 1e-4)) == 1.0


@pytest.mark.parametrize(("tau", "taken"), [(0.74, True), (0.75, False)])
def test_a_likely_answer_is_taken(tau, taken):
    assert bar("confidence", tau).verdict([call(choice("yes", -0.2, -0.4))]) is taken


def test_what_is_still_to_come_may_decide():
    assert bar("confidence", 0.9).verdict([call(num_open=1)]) is None
    assert bar("agreement", 0.6, 3).verdict([call(choice("4"), num_open=2)]) is None


def test_answers_that_agree_are_taken():
    # two of three are 0.67
    found = [call(choice("4"), choice("it is 4"), choice("5"))]

    assert bar("agreement", 0.6, 3).verdict(found) is True
    assert bar("agreement", 0.7, 3).verdict(found) is False


def test_where_everything_is_taken_an_answer_is_needed_all_the_same():
    assert bar("agreement", 0.0, 3).verdict([call(choice("no idea"))]) is False

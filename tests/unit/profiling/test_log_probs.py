"""Mean log-probabilities of answers, and who told none."""

import pytest

from orchestrator.client import Completion
from orchestrator.profiling.log_probs import mean_log_prob, untold
from routers.datasets import Outcome


def completion(*choices):
    found = [{"index": 0, "message": {}, "logprobs": one} for one in choices]
    return Completion.model_validate({"id": "c", "created": 1, "model": "m", "choices": found})


@pytest.mark.parametrize(
    "choices", [[], [None], [{"content": []}], [{"content": None}]],
    ids=["no answer", "not asked for", "no token", "null"],
)  # fmt: skip
def test_an_answer_that_tells_none_has_none(choices):
    assert mean_log_prob(completion(*choices)) is None


@pytest.mark.parametrize(
    ("told", "mean"), [([-1.0, -2.0, -6.0], -3.0), ([0.0], 0.0), ([1e-7, 0.0], 0.0)]
)
def test_an_answer_is_as_likely_as_its_tokens_on_average(told, mean):
    tokens = [{"token": "a", "logprob": one} for one in told]

    assert mean_log_prob(completion({"content": tokens})) == mean


def test_who_told_none_is_named_with_what_that_means():
    shared = {"score": 1.0}
    outcomes = [
        Outcome(id="q1", expert="open", log_prob=-1.0, **shared),
        Outcome(id="q2", expert="open", fault="too_long", **shared),
        Outcome(id="q1", expert="shut", **shared),
        Outcome(id="q2", expert="shut", log_prob=-1.0, **shared),
    ]

    lines = list(untold(outcomes))

    assert len(lines) == 1
    assert "'shut' told no log-probability for 1 of 2 answers" in lines[0]

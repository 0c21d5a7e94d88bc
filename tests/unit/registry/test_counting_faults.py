"""Numbers of answers that cannot be meant, as the registry checks them."""

import pytest

from orchestrator.registry.counting_faults import findings
from orchestrator.registry.draft import draft_of
from orchestrator.registry.models import Registry

SCORE = [{"kind": "score", "expert": "math"}]


def found(**entry):
    registry = Registry.model_validate(
        {
            "experts": [{"id": "math", "engine": {"kind": "fake"}}],
            "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "math"}},
            "compositions": {"many": entry},
        }
    )
    return list(findings(draft_of(registry)))


@pytest.mark.parametrize(
    ("entry", "most"),
    [
        ({"kind": "vote", "samples": 2, "experts": 2}, 4),
        ({"kind": "rpc", "samples": 3}, 3),
        ({"kind": "ensemble", "experts": 2}, 2),
        ({"kind": "self_moa", "samples": 4}, 4),
        ({"kind": "self_moa_seq", "samples": 4}, 4),
        ({"kind": "moa", "experts": 2}, 2),
        ({"kind": "best_of_n", "samples": 2, "experts": 3, "judges": SCORE}, 6),
        ({"kind": "rank", "samples": 2, "judges": ["math"]}, 2),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else str(value),
)
def test_a_minimum_is_within_what_is_asked_for(entry, most):
    [warning] = found(router="topic", min_answers=most + 1, **entry)

    assert warning.path == ("compositions", "many", "min_answers")
    assert warning.is_warning
    assert f"{most} at most are asked for" in warning.reason
    assert not found(router="topic", min_answers=most, **entry)


def test_named_proposers_are_counted_in_place_of_a_routers():
    [warning] = found(kind="moa", proposers=["math", "math"], min_answers=3)

    assert "2 at most" in warning.reason


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "vote", "samples": 1},
        {"kind": "rpc", "samples": 1},
        {"kind": "ensemble", "experts": 1},
    ],
    ids=lambda entry: entry["kind"],
)
def test_a_vote_of_one_answer_is_a_warning(entry):
    [warning] = found(router="topic", **entry)

    assert warning.path == ("compositions", "many")
    assert warning.is_warning
    assert "kind: route" in warning.reason


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "vote"},
        {"kind": "rpc"},
        {"kind": "self_moa"},
        {"kind": "self_moa_seq"},
        {"kind": "best_of_n", "judges": SCORE},
        {"kind": "rank", "judges": ["math"]},
    ],
    ids=lambda entry: entry["kind"],
)
def test_samples_that_are_all_the_same_are_a_warning(entry):
    [warning] = found(router="topic", temperature=0, **entry)

    assert warning.path == ("compositions", "many", "temperature")
    assert warning.is_warning
    assert "the same answer" in warning.reason
    assert not found(router="topic", temperature=0.7, **entry)


def test_one_sample_of_several_experts_may_be_greedy():
    assert not found(kind="vote", router="topic", samples=1, experts=3, temperature=0)

"""Compositions that compare answers by meaning, as the registry checks them."""

import pytest

from orchestrator.registry.answer_faults import findings
from orchestrator.registry.draft import draft_of
from orchestrator.registry.models import Registry

TOPIC = {"kind": "category", "artifact": "x", "fallback": "math"}
ROUTERS = {
    "topic": TOPIC,
    "slow": {**TOPIC, "embedder": "minilm"},
    "known": {"kind": "task", "experts": {"math": 0.8}},
}


def found(**entry):
    registry = Registry.model_validate(
        {
            "experts": [{"id": "math", "engine": {"kind": "fake"}}],
            "routers": ROUTERS,
            "compositions": {"panel": {"kind": "vote", "answers": "meaning", **entry}},
        }
    )
    return list(findings(draft_of(registry)))


@pytest.mark.parametrize(
    ("entry", "key", "why"),
    [
        ({"router": "known"}, "router", "is of kind 'task', which has no embedding"),
        ({"router": "slow"}, "router", "reads with MiniLM, which takes 20 ms an answer"),
        ({"router": "topic", "embedder": "known"}, "embedder", "is of kind 'task'"),
    ],
    ids=["none", "slow", "named"],
)
def test_a_router_that_cannot_read_answers_is_a_fault_with_those_that_can(entry, key, why):
    [fault] = found(**entry)

    assert fault.path == ("compositions", "panel", key)
    assert why in fault.reason
    assert fault.allowed == ("topic",)


@pytest.mark.parametrize(
    "entry",
    [
        {"router": "topic"},
        {"router": "known", "embedder": "topic"},
        {"router": "known", "answers": "text"},
        {"router": "gone"},
    ],
    ids=["its own", "another's", "not by meaning", "not there"],
)
def test_what_can_be_read_or_is_told_elsewhere_is_none(entry):
    assert found(**entry) == []

"""Namers that nobody would ever ask, as the registry checks them."""

import pytest

from orchestrator.registry.draft import draft_of
from orchestrator.registry.models import Registry
from orchestrator.registry.naming_faults import findings

ROUTERS = {
    "topic": {"kind": "category", "artifact": "x", "fallback": "math"},
    "skilled": {"kind": "skill", "artifact": "x", "fallback": "math"},
    "other": {"kind": "task", "experts": {"math": 0.8}},
    "mixed": {"kind": "split", "shares": {"topic": 1, "skilled": 1}},
    "plain": {"kind": "split", "shares": {"topic": 1, "other": 1}},
}


def found(**entry):
    registry = Registry.model_validate(
        {
            "experts": [{"id": "math", "engine": {"kind": "fake"}}],
            "routers": ROUTERS,
            "compositions": {"panel": {"kind": "symbolic_moe", **entry}},
        }
    )
    return list(findings(draft_of(registry)))


@pytest.mark.parametrize("router", ["topic", "plain"])
def test_a_namer_of_a_router_that_reads_no_skills_is_a_warning(router):
    [warning] = found(router=router, namer="math")

    assert warning.path == ("compositions", "panel", "namer")
    assert warning.is_warning
    assert f"is never asked: router {router!r}" in warning.reason


@pytest.mark.parametrize(
    "entry",
    [
        {"router": "skilled", "namer": "math"},
        {"router": "mixed", "namer": "math"},
        {"router": "topic"},
        {"router": "nowhere", "namer": "math"},
    ],
    ids=["a skill router", "one within another", "no namer", "a name that is not there"],
)
def test_a_namer_that_may_be_asked_is_none(entry):
    assert not found(**entry)

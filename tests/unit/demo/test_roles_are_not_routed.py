"""Roles stand in experts.yaml beside the experts, and the router of `auto` never chooses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.registry.document import parse
from orchestrator.registry.form import validate
from orchestrator.routing.building import Routers
from routers.base import Prompts

ROOT = Path(__file__).parents[3]
NAMES = ("heldout", "unknown", "wordings")


@pytest.fixture(scope="module")
def registry():
    read, _ = validate(parse((ROOT / "experts.yaml").read_text(), file="experts.yaml").value)
    assert read is not None
    return read


@pytest.fixture(scope="module")
def router(registry):
    spec = registry.routers["topic"]
    at = spec.model_copy(update={"artifact": str(ROOT / spec.artifact)})
    return Routers().load({"topic": at})["topic"]


@pytest.fixture(scope="module")
def roles(registry):
    found = {expert.id for expert in registry.experts if "role" in expert.tags}
    assert found
    return found


def questions():
    """Every twelfth question that is measured."""
    lines = [
        line
        for name in NAMES
        for line in (ROOT / f"deploy/demo/questions/{name}.jsonl").read_text("utf-8").splitlines()
    ]
    return [json.loads(line)["question"] for line in lines[::12]]


def test_no_question_goes_to_a_role(registry, router, roles):
    candidates = frozenset(expert.id for expert in registry.experts if not expert.embeds)

    routes = router.route(Prompts(texts=questions(), candidates=candidates))

    assert not {chosen for route in routes for chosen in route.chosen} & roles
    assert all(route.scores[role] == 0 for route in routes for role in roles)


def test_no_role_stands_in_for_an_expert_that_may_not_be_asked(registry, router, roles):
    skilled = {expert.id for expert in registry.experts if expert.skills} - {"generalist"}
    asked = questions()
    for missing in sorted(skilled):
        left = (skilled | roles | {"generalist"}) - {missing}

        routes = router.route(Prompts(texts=asked, candidates=frozenset(left)))

        assert not {chosen for route in routes for chosen in route.chosen} & roles

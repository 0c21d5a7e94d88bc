"""Skill routers and their artifacts against the registry."""

import json

import pytest

from orchestrator.registry.loader import check
from tests.registries import VALID, write_registry

MANIFEST = {"kind": "skill", "experts": ["maths", "writer"], "dims": {"static": 3}}


def checked(tmp_path, manifest, *, keys=""):
    text = VALID.replace("kind: category", "kind: skill").replace(
        "fallback: general}", f"fallback: general{keys}}}"
    )
    path = write_registry(tmp_path, text)
    content = manifest if isinstance(manifest, str) else json.dumps(manifest)
    (tmp_path / "routers/topic/manifest.json").write_text(content)
    return check(path)


def test_a_chance_for_a_mode_that_draws_is_refused_with_its_line(tmp_path):
    [fault] = checked(
        tmp_path, MANIFEST | {"experts": ["maths"]}, keys=", mode: paper, probability: 0.9"
    ).faults

    assert fault.key == "routers.topic.probability"
    assert "is for mode 'top_k'; mode 'paper' draws k experts" in str(fault)


def test_an_embedder_that_was_not_fitted_is_refused_with_those_that_were(tmp_path):
    [fault] = checked(tmp_path, MANIFEST | {"experts": ["maths"]}, keys=", embedder: minilm").faults

    assert (fault.key, fault.allowed) == ("routers.topic.embedder", ("static",))


def test_an_expert_that_is_gone_is_a_warning_that_names_who_is_left(tmp_path):
    found = checked(tmp_path, MANIFEST)

    assert found.registry is not None
    assert found.warnings[0].reason == (
        "was fitted for experts ['writer'], which this registry does not have; its skills go to "
        "['maths']"
    )


def test_an_artifact_of_nobody_that_is_left_is_refused_with_what_to_do(tmp_path):
    [fault] = checked(tmp_path, MANIFEST | {"experts": ["writer"]}).faults

    assert fault.key == "routers.topic.artifact"
    assert "nobody that was measured is left" in fault.reason
    assert "orchestrator fit skill" in fault.reason


def test_a_gone_aggregator_is_told(tmp_path):
    found = checked(tmp_path, MANIFEST | {"experts": ["maths"], "aggregator": "judge"})

    assert "['judge']" in found.warnings[0].reason


def test_all_experts_at_home_are_no_finding(tmp_path):
    found = checked(tmp_path, MANIFEST | {"experts": ["maths"]})

    assert (found.faults, found.warnings) == ((), ())


@pytest.mark.parametrize("manifest", ["{}", '{"kind": "category"}', "[]", "no json"])
def test_another_manifest_is_told_once_and_not_as_a_skill_router_s(tmp_path, manifest):
    reasons = [fault.reason for fault in checked(tmp_path, manifest).faults]

    assert len(reasons) <= 1
    assert not any("was fitted for experts" in reason for reason in reasons)

"""Artifacts of routers against the experts of the registry."""

import json

import pytest

from orchestrator.registry.loader import check
from tests.registries import VALID, write_registry

MANIFEST = {
    "kind": "category",
    "expert_by_category": {"algebra": "maths", "poems": "writer", "odes": "writer"},
    "experts_by_category": {"algebra": ["maths"], "poems": ["writer"], "odes": ["writer", "maths"]},
    "heads": {"static": {}},
}


def checked(tmp_path, manifest, text=VALID):
    path = write_registry(tmp_path, text)
    content = manifest if isinstance(manifest, str) else json.dumps(manifest)
    (tmp_path / "routers/topic/manifest.json").write_text(content)
    return check(path)


def with_key(key):
    return VALID.replace("fallback: general}", f"fallback: general, {key}}}")


def test_an_expert_that_is_gone_and_nobody_stands_in_for_is_refused_with_what_to_do(tmp_path):
    [fault] = checked(tmp_path, MANIFEST).faults

    assert fault.key == "routers.topic.artifact"
    assert str(fault).endswith(
        "'routers/topic' sends 'poems', 'odes' to expert 'writer', which this registry does not "
        "have, and nobody who was measured on 'poems' is left: put the expert back, write the "
        "artifact again with `orchestrator fit category`, or say `uncovered: fallback` to have "
        "'general' answer"
    )


def test_where_another_expert_was_measured_it_is_a_warning_that_names_it(tmp_path):
    experts = {"algebra": "maths", "odes": "writer"}

    found = checked(tmp_path, MANIFEST | {"expert_by_category": experts})

    assert found.registry is not None
    assert "sends 'odes' to expert 'writer'" in found.warnings[0].reason
    assert found.warnings[0].reason.endswith("; 'maths' will answer")


def test_the_fallback_answers_where_the_registry_says_so(tmp_path):
    found = checked(tmp_path, MANIFEST, with_key("uncovered: fallback"))

    assert found.registry is not None
    assert found.warnings[0].reason.endswith("; 'general' and 'maths' will answer")


def test_an_artifact_that_does_not_say_who_was_measured_has_nobody_to_stand_in(tmp_path):
    old = {key: value for key, value in MANIFEST.items() if key != "experts_by_category"}

    [fault] = checked(tmp_path, old).faults

    assert "nobody who was measured on 'poems', 'odes' is left" in fault.reason


def test_many_categories_are_told_in_short(tmp_path):
    gone = {f"c{i}": "writer" for i in range(9)}

    [fault] = checked(tmp_path, MANIFEST | {"expert_by_category": gone}).faults

    assert "sends 'c0', 'c1', 'c2' and 6 more to expert 'writer'" in fault.reason


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("{", "has a manifest.json that is no JSON object"),
        ("[]", "has a manifest.json that is no JSON object"),
        (b"\xff".decode("latin-1"), "has a manifest.json that is no JSON object"),
        ({"kind": "skill"}, "was fitted for routers of kind 'skill'"),
        (MANIFEST | {"expert_by_category": [1]}, "has a bad manifest.json: expert_by_category"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_with_the_command_that_writes_it(
    tmp_path, manifest, reason
):
    [fault] = checked(tmp_path, manifest).faults

    assert reason in fault.reason
    assert "`orchestrator fit category`" in fault.reason


def test_an_embedder_that_was_not_fitted_is_refused_with_those_that_were(tmp_path):
    whole = MANIFEST | {"expert_by_category": {}}

    [fault] = checked(tmp_path, whole, with_key("embedder: minilm")).faults

    assert (fault.key, fault.allowed) == ("routers.topic.embedder", ("static",))


def test_what_the_registry_has_is_found_sound(tmp_path):
    whole = MANIFEST | {"expert_by_category": {"algebra": "maths"}}

    found = checked(tmp_path, whole)

    assert (found.faults, found.warnings) == ((), ())

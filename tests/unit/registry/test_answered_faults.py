"""Routers that go by recorded answers: what `orchestrator check` says of them."""

import json

import pytest

from orchestrator.registry.loader import check
from tests.registries import VALID, write_registry


def checked(tmp_path, entry, **manifest):
    text = VALID.replace("compositions:", f"  other: {{{entry}}}\ncompositions:")
    path = write_registry(tmp_path, text)
    folder = tmp_path / "routers/other"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return check(path)


NEIGHBOURS = "kind: neighbours, artifact: routers/other"


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        pytest.param(
            "kind: blend, routers: [topic, topic], weights: {topic: 1}",
            "routers.other.routers[1]",
            id="twice",
        ),
        pytest.param(
            "kind: blend, routers: [topic, topic]", "has neither `artifact`", id="neither"
        ),
        pytest.param(
            "kind: blend, routers: [topic, topic], artifact: routers/other, weights: {topic: 1}",
            "stands beside `artifact`",
            id="both",
        ),
        pytest.param(
            "kind: blend, routers: [topic, topic], weights: {topic: 1, x: 2}",
            "weighs ['topic', 'x'], but its routers are",
            id="other weights",
        ),
        pytest.param(
            "kind: blend, routers: [topic, gone], weights: {topic: 1, gone: 2}",
            "'gone'",
            id="unknown",
        ),
        pytest.param("kind: recall, artifact: routers/other, then: gone", "'gone'", id="then"),
        pytest.param("kind: recall, artifact: routers/other, then: other", "cycle", id="cycle"),
    ],
)
def test_entries_that_cannot_be_meant_are_told_with_their_place(tmp_path, entry, fault):
    found = checked(tmp_path, entry)

    assert found.registry is None
    assert any(fault in str(one) or fault in one.key for one in found.faults)
    assert all(one.place.line for one in found.faults)


def test_weights_of_other_routers_are_refused_before_they_are_loaded(tmp_path):
    entry = "kind: blend, routers: [topic, topic], artifact: routers/other"

    found = checked(tmp_path, entry, kind="blend", members={"topic": {}, "near": {}})

    assert any("weighs ['near', 'topic']" in str(fault) for fault in found.faults)


def test_weights_of_another_version_of_a_router_are_refused_before_they_are_loaded(tmp_path):
    entry = "kind: blend, routers: [topic, topic], artifact: routers/other"
    weighed = {"topic": {"version": "0123456789ab"}}

    found = checked(tmp_path, entry, kind="blend", members=weighed)

    assert any("'topic' of version '0123456789ab'" in str(fault) for fault in found.faults)


def test_another_embedder_than_the_fitted_one_is_refused(tmp_path):
    found = checked(tmp_path, NEIGHBOURS, kind="neighbours", embedder="minilm")

    [fault] = found.faults
    assert fault.key == "routers.other.embedder"
    assert "fitted with: 'minilm'" in str(fault)


def test_an_artifact_about_none_of_the_experts_is_refused(tmp_path):
    [fault] = checked(tmp_path, NEIGHBOURS, kind="neighbours", experts=["poet", "clerk"]).faults

    assert "none of which this registry has" in str(fault)


def test_an_expert_that_is_gone_is_a_warning(tmp_path):
    found = checked(tmp_path, NEIGHBOURS, kind="neighbours", experts=["maths", "poet"])

    assert not found.faults
    assert "knows experts ['poet']" in str(found.warnings[0])


def test_an_artifact_of_the_registrys_experts_is_sound(tmp_path):
    found = checked(tmp_path, NEIGHBOURS, kind="neighbours", experts=["maths", "general"])

    assert (found.faults, found.warnings) == ((), ())

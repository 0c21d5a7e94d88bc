"""Limits of compositions, as the registry checks them."""

import pytest

from orchestrator.registry.draft import draft_of
from orchestrator.registry.form import validate
from orchestrator.registry.limits import findings, selectors_of
from orchestrator.registry.models import Expert, Registry

EXPERTS = (
    {"id": "one", "engine": {"kind": "fake"}, "tags": ["demo"], "license": "MIT"},
    {"id": "two", "engine": {"kind": "fake"}, "owner": "acme"},
    {"id": "vectors", "engine": {"kind": "fake", "task": "embed"}, "tags": ["embeds"]},
)


def registry(**limits) -> dict:
    return {
        "experts": list(EXPERTS),
        "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "one"}},
        "compositions": {"auto": {"kind": "route", "router": "topic", "limits": limits}},
    }


def found(**limits):
    return list(findings(draft_of(Registry.model_validate(registry(**limits)))))


FORMS = ["demo", "tag:", "tag: x", "colour:red", "expert:" + "x" * 200]


@pytest.mark.parametrize("text", FORMS)
def test_what_is_no_selector_is_refused(text):
    assert validate(registry(exclude=[text]))[1]


def test_an_expert_is_meant_by_its_id_tags_licence_and_owner():
    expert = Expert(id="one", tags=("a", "B"), license="GPL-3.0", owner="Acme")

    assert selectors_of(expert) == {
        "expert:one", "tag:a", "tag:B", "license:gpl-3.0", "owner:Acme",
    }  # fmt: skip


def test_selectors_that_mean_somebody_are_sound():
    assert found(include=["license:mit", "owner:acme"], exclude=["expert:two"]) == []


def test_an_inclusion_that_means_nobody_is_a_fault_with_the_nearest():
    (fault, left_over) = found(include=["tag:dmeo"])

    assert fault.path == ("compositions", "auto", "limits", "include", 0)
    assert (fault.nearest, fault.is_warning) == ("tag:demo", False)
    assert "leave no expert that answers" in left_over.reason


def test_an_exclusion_that_means_nobody_is_a_warning():
    (finding,) = found(exclude=["license:GPL-3.0"])

    assert finding.is_warning


def test_limits_that_leave_nobody_are_a_fault():
    (finding,) = found(exclude=["tag:demo", "owner:acme"])

    assert finding.path == ("compositions", "auto", "limits")


def test_a_cap_on_energy_needs_figures():
    (finding,) = found(max_energy_j=5.0)

    assert finding.path == ("compositions", "auto", "limits", "max_energy_j")

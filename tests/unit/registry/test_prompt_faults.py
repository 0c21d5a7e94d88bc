"""Prompts of compositions, as the registry checks them."""

import pytest

from orchestrator.prompts.catalogue import shipped_text
from orchestrator.registry.loader import check
from tests.registries import VALID, write_registry

REFINED = "  refined: {kind: self_moa, router: topic, prompts: {synthesise: prompts/mine.jinja}}\n"


def registry(folder, entry=REFINED, *, prompt=None):
    path = write_registry(folder, VALID.replace("slots:", f"{entry}slots:"))
    if prompt is not None:
        (folder / "prompts").mkdir()
        (folder / "prompts/mine.jinja").write_text(prompt)
    return check(path, environ={})


def only_fault(checked) -> str:
    (fault,) = checked.faults
    return f"{fault.place.line}:{fault.place.column}: {str(fault).partition(': ')[2]}"


def test_a_prompt_that_is_not_there_is_a_fault_at_its_place(tmp_path):
    told = only_fault(registry(tmp_path))

    assert told.startswith("12:66: compositions.refined.prompts.synthesise: ")
    assert "'prompts/mine.jinja' cannot be used: " in told
    assert f"{tmp_path}/prompts/mine.jinja: there is no such file" in told
    assert "start from `orchestrator prompts synthesise`" in told


def test_a_malformed_prompt_is_told_with_its_own_line(tmp_path):
    prompt = shipped_text("synthesise") + "{{ critique }}\n"
    line = prompt.count("\n")

    told = only_fault(registry(tmp_path, prompt=prompt))

    assert f"mine.jinja:{line}: variable 'critique' is used and not declared" in told


def test_a_prompt_of_another_role_is_a_fault(tmp_path):
    told = only_fault(registry(tmp_path, prompt=shipped_text("rank")))

    assert "it is for role 'rank' and used for 'synthesise'" in told


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            REFINED.replace("synthesise:", "synthesize:"),
            "12:54: compositions.refined.prompts.synthesize: unknown key 'synthesize'; allowed: ",
        ),
        (
            REFINED.replace("synthesise:", "judge:"),
            "12:54: compositions.refined.prompts.judge: kind 'self_moa' asks nobody as 'judge'; ",
        ),
        (
            REFINED.replace("self_moa", "route"),
            "12:51: compositions.refined.prompts.synthesise: kind 'route' asks nobody as 'synthesi",
        ),
        (
            REFINED.replace("prompts/mine.jinja", "3"),
            "12:66: compositions.refined.prompts.synthesise: 3 should be text",
        ),
    ],
    ids=["unknown role", "role of another kind", "kind without roles", "no path"],
)
def test_a_prompt_that_nobody_would_be_asked_by_is_a_fault(tmp_path, entry, told):
    assert only_fault(registry(tmp_path, entry)).startswith(told)


def test_a_misspelt_role_is_told_with_the_one_that_was_meant(tmp_path):
    told = only_fault(registry(tmp_path, REFINED.replace("synthesise:", "synthesize:")))

    assert told.endswith("did you mean 'synthesise'?")


def test_a_sound_prompt_is_known_by_its_absolute_path(tmp_path):
    checked = registry(tmp_path, prompt=shipped_text("synthesise"))

    assert checked.faults == ()
    named = checked.registry.compositions["refined"].prompts
    assert named == {"synthesise": str(tmp_path / "prompts/mine.jinja")}

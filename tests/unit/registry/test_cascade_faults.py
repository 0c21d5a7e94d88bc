"""Cascades that cannot be meant, and their artifacts against their entries."""

import pytest

from orchestrator.registry.loader import check
from tests.fitted_cascades import write_cascade
from tests.registries import VALID, write_registry

ENTRY = {"cheap": "[maths]", "strong": "general", "artifact": "fitted"}


def registry(tmp_path, **keys):
    entry = ", ".join(f"{key}: {value}" for key, value in {**ENTRY, **keys}.items() if value)
    text = VALID.replace("auto:", f"thrifty: {{kind: cascade, {entry}}}\n  auto:")
    return write_registry(tmp_path, text)


def checked(tmp_path, *, keys=None, **fitted):
    write_cascade(tmp_path / "fitted", **{"cheap": ("maths",), "strong": "general", **fitted})
    return check(registry(tmp_path, **(keys or {})))


def test_an_artifact_that_is_not_there_is_told_with_the_command_that_writes_it(tmp_path):
    [fault] = check(registry(tmp_path)).faults

    assert fault.key == "compositions.thrifty.artifact"
    assert fault.reason.endswith("write it with `orchestrator fit cascade`")


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("{", "has a manifest.json that is no JSON object"),
        ('{"kind": "category"}', "was fitted for routers of kind 'category'"),
        ('{"kind": "cascade", "cheap": 3}', "has a bad manifest.json: cheap"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path, manifest, reason):
    (tmp_path / "fitted").mkdir()
    (tmp_path / "fitted/manifest.json").write_text(manifest)

    [fault] = check(registry(tmp_path)).faults

    assert reason in fault.reason


@pytest.mark.parametrize("fitted", [{"cheap": ("general",)}, {"strong": "maths"}])
def test_an_artifact_for_others_is_refused_with_those_it_is_for(tmp_path, fitted):
    [fault] = checked(tmp_path, **fitted).faults

    who = {"cheap": ("maths",), "strong": "general", **fitted}
    assert f"was fitted for cheap {list(who['cheap'])} and strong {who['strong']!r}" in fault.reason


@pytest.mark.parametrize("signal", ["score", "confidence"])
def test_an_artifact_of_another_confidence_is_refused(tmp_path, signal):
    [fault] = checked(tmp_path, signal=signal).faults

    assert f"was fitted by {signal}, and the entry accepts by agreement" in fault.reason


def test_another_number_of_answers_is_a_warning(tmp_path):
    found = checked(tmp_path, keys={"samples": 5})

    assert found.registry is not None
    assert "was fitted on 3 cheap answers a question, and the entry asks for 5" in str(
        found.warnings[0]
    )


def test_an_expert_that_tells_no_log_probabilities_cannot_be_sure_of_its_words(tmp_path):
    keys = {"artifact": None, "tau": 0.5, "accept": "confidence"}
    path = registry(tmp_path, **keys)
    path.write_text(path.read_text().replace("id: maths\n", "id: maths\n    lacks: [logprobs]\n"))

    [fault] = check(path).faults

    assert fault.key == "compositions.thrifty.accept"
    assert "expert 'maths' does not tell" in fault.reason


def test_what_was_fitted_for_the_entry_is_sound_and_its_folder_absolute(tmp_path):
    found = checked(tmp_path)

    assert (found.faults, found.warnings) == ((), ())
    assert found.registry is not None
    assert found.registry.compositions["thrifty"].artifact == str(tmp_path / "fitted")

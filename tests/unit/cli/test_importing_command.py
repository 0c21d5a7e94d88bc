"""`orchestrator import` as the person at the terminal meets it."""

import json
from pathlib import Path

import pytest

from orchestrator.cli.main import main

MOVING = Path(__file__).parents[1] / "moving"


def run(capsys, *args):
    with pytest.raises(SystemExit) as caught:
        main(["import", *map(str, args)])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


@pytest.mark.parametrize("gateway", ["litellm", "llama-swap"])
def test_what_import_prints_passes_orchestrator_check(capsys, tmp_path, monkeypatch, gateway):
    monkeypatch.setenv("HOME", str(tmp_path))

    code, out, err = run(capsys, gateway, MOVING / f"{gateway}.yaml")

    (tmp_path / "experts.yaml").write_text(out)
    assert code == 0
    assert all(line.startswith("not carried over: ") for line in err.splitlines())
    with pytest.raises(SystemExit) as caught:
        main(["check", str(tmp_path / "experts.yaml")])
    assert caught.value.code == 0


def test_import_speaks_json_to_programs(capsys):
    code, out, err = run(capsys, "litellm", MOVING / "litellm.yaml", "--json")

    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["registry"].startswith("# Made of litellm.yaml")
    assert {"setting", "why"} == set(found["left_out"][0])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param("a: [", "is no YAML", id="broken"),
        pytest.param("a: 1", "this is no configuration of LiteLLM's proxy", id="another"),
        pytest.param(None, "cannot be read", id="missing"),
    ],
)
def test_import_says_why_a_file_cannot_be_taken(capsys, tmp_path, content, fault):
    if content is not None:
        (tmp_path / "config.yaml").write_text(content)

    code, out, err = run(capsys, "litellm", tmp_path / "config.yaml")

    assert (code, out) == (1, "")
    assert fault in err

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli.eval import eval as evaluate_command
from orchestrator.errors import SetupError
from tests.unit.routers.small import write_lines

ARTIFACT = Path("deploy/demo/routers/topic")


def run(*args: object):
    app = typer.Typer()
    app.command()(evaluate_command)
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def questions(tmp_path):
    return write_lines(
        tmp_path / "q",
        {"skill": "capitals", "question": "What is the capital of France?"},
        {"skill": "sums", "question": "What is 3 plus 4?"},
    )


@pytest.fixture
def static_only(tmp_path):
    """The committed router without its slow head."""
    manifest = json.loads((ARTIFACT / "manifest.json").read_text())
    manifest["heads"].pop("minilm", None)
    folder = tmp_path / "topic"
    folder.mkdir()
    for name in manifest["files"]:
        (folder / name).write_bytes((ARTIFACT / name).read_bytes())
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_eval_prints_accuracy_beside_a_keyword_router(static_only, questions):
    result = run(
        "--router", static_only, "--questions", questions, "--keywords-from", questions, "--json"
    )

    report = json.loads(result.stdout)
    assert report["static"]["overall"]["right"] == 2
    assert set(report) == {"static", "keywords"}


def test_eval_prints_a_table_for_people(static_only, questions):
    result = run("--router", static_only, "--questions", questions)

    assert "100.0%" in result.stdout
    assert result.exit_code == 0


def test_a_bad_artifact_is_one_clear_error(tmp_path, questions):
    result = run("--router", tmp_path, "--questions", questions)

    assert isinstance(result.exception, SetupError)
    assert "orchestrator fit" in str(result.exception)

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli.fit_category import fit_category
from orchestrator.errors import SetupError
from tests.unit.routers.small import write_lines


def run(*args: object):
    app = typer.Typer()
    app.command()(fit_category)
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.mark.parametrize(
    ("rows", "extra", "fault"),
    [
        pytest.param(
            [{"skill": "a"}], [], "q:1: has no 'prompt' or 'question'", id="missing column"
        ),
        pytest.param([{"skill": "a", "question": "x"}], [], "two categories", id="one class"),
        pytest.param([], ["--embedder", "bert"], "known: ['static', 'minilm']", id="embedder"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path, rows, extra, fault):
    path = write_lines(tmp_path / "q", *rows)

    result = run("--questions", path, "--unknown", path, "--out", tmp_path / "out", *extra)

    assert isinstance(result.exception, SetupError)
    assert fault in str(result.exception)
    assert not (tmp_path / "out").exists()

"""`orchestrator profile` before it asks anybody."""

import json

import pytest

from orchestrator.cli.main import main
from tests.unit.routers.small import write_lines

ROW = {"id": "q1", "prompt": "1+1?", "gold": "2", "grader": "number"}


def run(capsys, *args):
    with pytest.raises(SystemExit) as caught:
        main(["profile", *map(str, args), "--url", "http://127.0.0.1:1"])
    return caught.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "extra", "fault"),
    [
        pytest.param([], [], "holds no question", id="nothing"),
        pytest.param([{"id": "q1"}], [], "q:1: has no 'prompt' or 'question'", id="no prompt"),
        pytest.param([ROW, ROW], [], "stands at q:1 already", id="twice"),
        pytest.param([ROW | {"gold": None}], [], "q:1: has no right answer", id="no answer"),
        pytest.param([ROW | {"gold": "x"}], [], "cannot be read as 'number'", id="other answer"),
        pytest.param([ROW | {"grader": None}], [], "graded as", id="no grader"),
        pytest.param([ROW], ["--grader", "essay"], "known: ['boolean'", id="grader"),
        pytest.param([ROW], ["--column", "gold"], "not of the form gold=solution", id="column"),
        pytest.param([ROW], ["--column", "gold=x"], "has no right answer", id="other column"),
        pytest.param([ROW], ["--split", "test"], "there are ['']", id="split"),
        pytest.param([ROW], ["--template", "hi"], "has no {prompt}", id="template"),
        pytest.param([ROW], ["--samples", "2"], "are all alike", id="samples"),
        pytest.param([ROW], [], "no service answers at http://127.0.0.1:1", id="no service"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path, capsys, rows, extra, fault):
    questions = write_lines(tmp_path / "q", *rows)

    code, err = run(capsys, questions, "--out", tmp_path / "out", *extra)

    assert code == 1
    assert fault in err
    assert "Traceback" not in err


def test_a_table_without_its_lines_is_not_overwritten(tmp_path, capsys):
    out = tmp_path / "out.parquet"
    out.write_text("mine")

    code, err = run(capsys, write_lines(tmp_path / "q", ROW), "--out", out)

    assert (code, out.read_text()) == (1, "mine")
    assert "not 'out.parquet.jsonl' that it was written from" in err


def test_a_file_of_something_else_is_left_alone(tmp_path, capsys):
    out = tmp_path / "notes"
    out.write_text(json.dumps(ROW))

    code, err = run(capsys, write_lines(tmp_path / "q", ROW), "--out", out)

    assert (code, json.loads(out.read_text())) == (1, ROW)
    assert "give another --out" in err

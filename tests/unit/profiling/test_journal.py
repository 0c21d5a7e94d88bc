"""The file of outcomes: what it keeps, and what it does not go on with."""

import json

import pytest

from orchestrator.errors import SetupError
from orchestrator.profiling.journal import opened
from routers.datasets import Example, Outcome

EXAMPLES = [Example(id=f"q{i}", prompt=f"{i}?") for i in range(3)]
ONE = Outcome(
    id="q0", expert="a", score=1.0, answer="4", tokens=3, seconds=0.5, version="v1", asked="cold"
)
TWO = Outcome(id="q1", expert="a", score=0.0, version="v1", asked="cold", sample=1)


def written(path, *outcomes):
    with opened(path, EXAMPLES) as journal:
        for outcome in outcomes:
            journal.append(outcome)
    return path


def read(path):
    with opened(path, EXAMPLES) as journal:
        return journal.outcomes


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("my notes", id="words"),
        pytest.param('{"id": "q0", "prom', id="a torn file of questions"),
        pytest.param('{"id": "q0", "expert": "a"}\n', id="no score"),
        pytest.param('{"id": "q9", "expert": "a", "score": 1}\n', id="of other questions"),
        pytest.param('{"id": "q0", "expert": "a", "score": 1}\n' * 2, id="twice"),
    ],
)
def test_a_file_of_something_else_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "out"
    path.write_text(content)

    with pytest.raises(SetupError, match="give another --out"):
        read(path)

    assert path.read_text() == content


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SetupError, match="file/out' cannot be written"):
        read(tmp_path / "file" / "out")


def test_two_runs_do_not_write_to_one_file(tmp_path):
    with (
        opened(tmp_path / "out", EXAMPLES),
        pytest.raises(SetupError, match="another process is writing"),
    ):
        read(tmp_path / "out")


def test_what_was_kept_is_there_again(tmp_path):
    assert read(written(tmp_path / "folder" / "out", ONE, TWO)) == [ONE, TWO]


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_line_that_was_torn_off_is_dropped(tmp_path, cut):
    path = written(tmp_path / "out", ONE, TWO)
    whole = path.read_bytes()
    second = whole.index(b"\n") + 1
    path.write_bytes(whole[: second + (len(whole) - second) * cut // 12])

    assert read(path) == [ONE]
    assert json.loads(path.read_text()) is not None


@pytest.mark.parametrize(
    ("asked", "versions", "fault"),
    [
        ("warm", {}, "asked with 'cold', not with 'warm'"),
        ("cold", {"a": "v2"}, r"expert 'a' as it was \(version 'v1', now 'v2'\)"),
    ],
)
def test_outcomes_of_two_kinds_are_not_mixed(tmp_path, asked, versions, fault):
    with (
        opened(written(tmp_path / "out", ONE), EXAMPLES) as journal,
        pytest.raises(SetupError, match=fault),
    ):
        journal.check(asked=asked, version_by_expert=versions)


def test_the_same_settings_go_on(tmp_path):
    with opened(written(tmp_path / "out", ONE), EXAMPLES) as journal:
        journal.check(asked="cold", version_by_expert={"a": "v1", "b": "v7"})

        assert journal.done == {("q0", "a", 0)}

import json
from dataclasses import asdict

import pytest

from orchestrator.cli.main import main
from routers.skill_files import read_counts, read_skill_router
from tests.unit.routers.skilled import write
from tests.unit.routers.test_fit_skill import examples, outcomes


def run(*args) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["fit", "skill", *map(str, args)])
    return caught.value.code or 0


def lines(path, rows):
    kept = [{key: value for key, value in asdict(row).items() if value not in (None, "", ())}
            for row in rows]  # fmt: skip
    path.write_text("\n".join(json.dumps(row) for row in kept))
    return path


@pytest.fixture
def owner(tmp_path):
    """Files of one owner's questions and outcomes, as options."""

    def files(of: str, *, is_graded: bool = True, **more):
        given = examples(of=of, **more)
        questions = lines(tmp_path / f"{of}-q.jsonl", given)
        said = [{"id": it.id, "expert": it.expert, "score": it.score, "answer": it.answer}
                for it in outcomes(given)]  # fmt: skip
        if not is_graded:
            said = [{key: it[key] for key in ("id", "expert", "answer")} for it in said]
        path = tmp_path / f"{of}-o.jsonl"
        path.write_text("\n".join(map(json.dumps, said)))
        return ["--questions", questions, "--outcomes", path]

    return files


@pytest.fixture
def table(tmp_path):
    return ["--embedder", "static", "--table", write(tmp_path / "table")]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "nothing to fit"),
        (["--questions", "q.jsonl"], "--questions and --outcomes go together"),
        (["--merge", "nowhere"], "cannot be read"),
    ],
    ids=["nothing", "no outcomes", "no such part"],
)
def test_what_cannot_be_fitted_is_told_in_one_line(tmp_path, table, capsys, args, message):
    assert run("--out", tmp_path / "out", *table, *args) == 1

    assert message in capsys.readouterr().err


def test_outcomes_of_no_question_are_refused_with_their_row(tmp_path, owner, table, capsys):
    given = owner("one")
    with given[3].open("a") as file:
        file.write('\n{"id": "other", "expert": "mapper", "score": 1}')

    assert run("--out", tmp_path / "out", *given, *table) == 1
    assert "id 'other' is of no question" in capsys.readouterr().err


def test_counts_are_written_with_what_they_reach_on_questions_left_out(
    tmp_path, owner, table, capsys
):
    assert run("--out", tmp_path / "out", *owner("one"), *table) == 0

    out = capsys.readouterr().out
    assert "counted 180 answers of 3 experts on 3 skills, graded by labels" in out
    assert "one_call: 1" in out
    assert read_counts(read_skill_router(tmp_path / "out")).asked_overall.tolist() == [60, 60, 60]


def test_parts_of_owners_are_merged_and_the_same_questions_refused(tmp_path, owner, table, capsys):
    assert run("--out", tmp_path / "a", *owner("one"), *table) == 0

    merged = run("--out", tmp_path / "b", *owner("two"), "--merge", tmp_path / "a", *table)
    again = run("--out", tmp_path / "c", "--merge", tmp_path / "a", "--merge", tmp_path / "b",
                *table)  # fmt: skip

    assert (merged, again) == (0, 1)
    assert "or its answers count twice" in capsys.readouterr().err
    sealed = read_skill_router(tmp_path / "b")
    assert read_counts(sealed).asked_overall.tolist() == [120, 120, 120]


def test_a_pool_that_nobody_graded_is_fitted_by_agreement_on_clusters(
    tmp_path, owner, table, capsys
):
    given = owner("one", named=False, is_graded=False)

    assert run("--out", tmp_path / "out", *given, *table) == 1
    assert "has no 'score'" in capsys.readouterr().err
    assert run("--out", tmp_path / "out", *given, "--without-labels", "--clusters", 3, *table) == 0

    manifest = read_skill_router(tmp_path / "out").manifest
    assert (manifest.graded_by, manifest.are_clusters) == ("agreement", True)
    assert len(manifest.skills) == 3


def test_the_aggregator_s_test_is_written_asked_and_named(tmp_path, owner, table, capsys):
    given, tests = owner("one"), tmp_path / "tests.jsonl"
    assert run("--out", tmp_path / "out", *given, "--aggregator-tests", tests,
               "--num-tests", 8, "--json") == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out) == {"file": str(tests), "num_questions": 8}
    ids = [json.loads(line)["id"] for line in tests.read_text().splitlines()]
    said = tmp_path / "tests-o.jsonl"
    said.write_text("\n".join(
        json.dumps({"id": id_, "expert": name, "score": float(name == "linguist")})
        for id_ in ids for name in ("mapper", "linguist", "counter")))  # fmt: skip

    code = run("--out", tmp_path / "out", *given, "--questions", tests, "--outcomes", said, *table)

    assert (code, len(ids)) == (0, 8)
    assert read_skill_router(tmp_path / "out").manifest.aggregator == "linguist"
    assert "counted 180 answers" in capsys.readouterr().out

"""Fits on what experts answered, from files to folders: neighbours, blend, cascade, recall."""

import json

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli.fit_blend import fit_blend
from orchestrator.cli.fit_cascade import fit_cascade
from orchestrator.cli.fit_neighbours import fit_neighbours
from orchestrator.cli.fit_recall import fit_recall
from orchestrator.errors import SetupError
from routers.acceptance_files import load_acceptance
from routers.base import Prompts
from routers.neighbour_files import load_neighbours, write_neighbours
from routers.recall_files import load_recall
from tests.unit.routers.always import Always
from tests.unit.routers.answering import carried, two_topics
from tests.unit.routers.small import write_lines

REGISTRY = """\
version: 1
experts:
  - {id: clerk, engine: {kind: fake}}
  - {id: poet, engine: {kind: fake}}
routers:
  near: {kind: neighbours, artifact: near}
  other: {kind: neighbours, artifact: other}
"""


def run(command, *args):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(arg) for arg in args], terminal_width=200)


@pytest.fixture
def files(tmp_path):
    """Options that name forty questions and what two experts made of them."""
    table = two_topics()
    questions = write_lines(
        tmp_path / "questions.jsonl",
        *({"id": one.id, "prompt": one.prompt, "answer": f"a{one.id}"} for one in table.examples),
    )
    outcomes = write_lines(
        tmp_path / "outcomes.jsonl",
        *(
            {"id": one.id, "expert": name, "score": float(score), "answer": f"{name} {one.id}"}
            for one, row in zip(table.examples, table.scores, strict=True)
            for name, score in zip(table.experts, row, strict=True)
        ),
    )
    return ["--questions", questions, "--outcomes", outcomes, "--out", tmp_path / "out"]


@pytest.fixture
def registry(tmp_path):
    for name in ("near", "other"):
        write_neighbours(two_topics(), tmp_path / name, name="static", of=carried())
    path = tmp_path / "experts.yaml"
    path.write_text(REGISTRY)
    return path


@pytest.mark.parametrize("command", [fit_neighbours, fit_blend, fit_cascade])
def test_outcomes_of_other_questions_are_refused_with_their_rows(
    tmp_path, files, registry, command
):
    bad = write_lines(tmp_path / "bad.jsonl", {"id": "999", "expert": "clerk", "score": 1.0})
    more = {
        fit_neighbours: [],
        fit_blend: ["--routers", "near,other", "--registry", registry],
        fit_cascade: ["--cheap", "clerk", "--strong", "poet", "--quality", "0.5"],
    }
    given = [*files[:2], "--outcomes", bad, *files[4:], *more[command]]

    result = run(command, *given)

    assert isinstance(result.exception, SetupError)
    assert "'999'" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_an_embedder_that_is_not_known_is_refused(files):
    result = run(fit_neighbours, *files, "--embedder", "bert")

    assert "known: ['static', 'minilm']" in str(result.exception)


def test_neighbours_take_over_the_table_of_another_router(tmp_path, files, registry):
    result = run(fit_neighbours, *files, "--table", tmp_path / "near")

    assert result.exception is None
    table = "static.safetensors"
    assert (tmp_path / "out" / table).read_bytes() == (tmp_path / "near" / table).read_bytes()
    [route] = load_neighbours(tmp_path / "out").route(
        Prompts(texts=["capital 8"], candidates=frozenset({"clerk", "poet"}))
    )
    assert route.chosen == ("clerk",)


@pytest.mark.parametrize(
    ("folder", "embedder", "fault"),
    [
        pytest.param("nowhere", "static", "holds no fitted router", id="nowhere"),
        pytest.param("near", "minilm", "leave it out", id="unused"),
    ],
)
def test_a_table_that_cannot_be_taken_over_is_refused(
    tmp_path, files, registry, folder, embedder, fault
):
    result = run(fit_neighbours, *files, "--table", tmp_path / folder, "--embedder", embedder)

    assert isinstance(result.exception, SetupError)
    assert fault in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_neighbours_are_fitted_with_minilm_and_route(tmp_path, files):
    result = run(fit_neighbours, *files, "--embedder", "minilm")

    assert result.exception is None
    assert "fitted 2 experts on 40 questions; each told by the others" in result.output
    [route] = load_neighbours(tmp_path / "out", embedder="minilm").route(
        Prompts(texts=["capital 8"], candidates=frozenset({"clerk", "poet"}))
    )
    assert route.chosen == ("clerk",)


def test_a_blend_of_routers_of_a_registry_is_weighed(tmp_path, files, registry):
    result = run(fit_blend, *files, "--routers", "near, other", "--registry", registry)

    assert result.exception is None
    assert "weighed 2 routers on 40 questions" in result.output
    members = json.loads((tmp_path / "out" / "manifest.json").read_text())["members"]
    assert sum(member["weight"] for member in members.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("routers", "fault"),
    [
        pytest.param("near", "a blend takes two or more", id="one"),
        pytest.param("near,othr", "has no router 'othr'.*did you mean 'other'", id="unknown"),
    ],
)
def test_routers_that_cannot_be_weighed_are_refused(files, registry, routers, fault):
    result = run(fit_blend, *files, "--routers", routers, "--registry", registry)

    with pytest.raises(SetupError, match=fault):
        raise result.exception


def test_a_cascade_is_fitted_by_the_score_of_a_router(tmp_path, files, registry):
    sides = ["--cheap", "clerk", "--strong", "poet", "--by", "near", "--registry", registry]

    result = run(fit_cascade, *files, *sides, "--quality", 0.99, "--strong-cost", 9)

    assert result.exception is None
    assert "<- chosen" in result.output
    rule = load_acceptance(tmp_path / "out", experts=["clerk", "poet"])
    assert (rule.sides.signal, rule.sides.router) == ("score", "near")
    assert rule.accepts(1.0)
    assert not rule.accepts(0.1)


def test_a_cascade_is_fitted_by_how_likely_words_are(tmp_path, files):
    told = [json.loads(line) for line in files[3].read_text().splitlines()]
    write_lines(files[3], *({**one, "log_prob": one["score"] - 1.5} for one in told))
    sides = ["--cheap", "clerk", "--strong", "poet"]

    result = run(fit_cascade, *files, *sides, "--confidence", "--quality", 0.99)

    assert result.exception is None
    rule = load_acceptance(tmp_path / "out", experts=["clerk", "poet"])
    assert (rule.sides.signal, rule.sides.num_samples) == ("confidence", 1)
    # Right ones have exp(-0.5) = 0.61, wrong ones exp(-1.5) = 0.22.
    assert 0.22 < rule.tau <= 0.61


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        pytest.param(["--cheap", "clerk"], "give either --quality", id="no goal"),
        pytest.param(
            ["--cheap", "clerk", "--quality", 0.5, "--budget", 1], "give either", id="two goals"
        ),
        pytest.param(
            ["--cheap", "poet", "--quality", 0.5], "'poet' is asked first and after", id="same"
        ),
        pytest.param(["--cheap", "clerk", "--quality", 0.5], "two or more", id="one sample"),
        pytest.param(
            ["--cheap", "clerk", "--cheap", "x", "--quality", 0.5, "--by", "near"],
            "--by goes with one --cheap",
            id="two by score",
        ),
        pytest.param(
            ["--cheap", "clerk", "--quality", 0.5, "--confidence"], "--log-probs", id="not told"
        ),
        pytest.param(
            ["--cheap", "clerk", "--cheap", "x", "--quality", 0.5, "--confidence"],
            "does not go with --cheap ['clerk', 'x']",
            id="two confident",
        ),
        pytest.param(
            ["--cheap", "clerk", "--quality", 0.5, "--confidence", "--by", "near"],
            "does not go with --by near",
            id="confident by score",
        ),
        pytest.param(
            ["--cheap", "poet", "--quality", 0.5, "--confidence"],
            "'poet' is asked first and after",
            id="the same, confident",
        ),
    ],
)
def test_a_cascade_that_cannot_be_fitted_is_refused(tmp_path, files, more, fault):
    result = run(fit_cascade, *files, "--strong", "poet", *more)

    assert isinstance(result.exception, SetupError)
    assert fault in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_answers_of_the_data_are_known(tmp_path, files):
    result = run(fit_recall, *files[:2], *files[4:], "--precision", 0.9)

    assert result.exception is None
    assert "40 answers are known" in result.output
    [route] = load_recall(tmp_path / "out", then=Always("clerk")).route(
        Prompts(texts=["capital 3"], candidates=frozenset({"clerk"}))
    )
    assert route.answer == "a3"


def test_what_was_fitted_is_told_to_programs(tmp_path, files):
    result = run(fit_recall, *files[:2], *files[4:], "--precision", 0.9, "--json")

    told = json.loads(result.stdout)
    assert told["artifact"] == str(tmp_path / "out")
    assert (told["manifest"]["kind"], told["manifest"]["num_known"]) == ("recall", 40)


def test_experts_that_never_agree_make_nothing_known(files):
    result = run(fit_recall, *files)

    assert isinstance(result.exception, SetupError)
    assert "no answer is known" in str(result.exception)

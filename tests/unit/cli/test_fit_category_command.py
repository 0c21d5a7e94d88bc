import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli.fit_category import fit_category
from orchestrator.errors import SetupError
from tests.unit.routers.small import write_lines

ARTIFACT = Path("deploy/demo/routers/topic")


def small(tmp_path):
    """Options of a fit on two categories."""
    asks = [("a", "How much is"), ("b", "Who wrote")]
    rows = [{"skill": skill, "question": f"{ask} {i}?"} for skill, ask in asks for i in range(20)]
    stray = [{"question": f"Tell me something of {i}."} for i in range(10)]
    return ["--questions", write_lines(tmp_path / "q", *rows), "--out", tmp_path / "out",
            "--unknown", write_lines(tmp_path / "u", *stray)]  # fmt: skip


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
        pytest.param([], ["--classifier", "svm"], "known: ['linear', 'neighbours']", id="kind"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path, rows, extra, fault):
    path = write_lines(tmp_path / "q", *rows)

    result = run("--questions", path, "--unknown", path, "--out", tmp_path / "out", *extra)

    assert isinstance(result.exception, SetupError)
    assert fault in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        pytest.param(["--table", "nowhere"], "holds no fitted router", id="nowhere"),
        pytest.param(["--table", "q", "--embedder", "minilm"], "leave it out", id="unused"),
    ],
)
def test_a_table_that_cannot_be_taken_over_is_refused(tmp_path, given, fault):
    result = run(*small(tmp_path), *given)

    assert isinstance(result.exception, SetupError)
    assert fault in str(result.exception)


def test_a_table_is_taken_over(tmp_path):
    result = run(*small(tmp_path), "--table", ARTIFACT, "--embedder", "static")

    assert result.exception is None
    table = "static.safetensors"
    assert (tmp_path / "out" / table).read_bytes() == (ARTIFACT / table).read_bytes()


def test_a_category_that_no_outcome_tells_of_is_refused(tmp_path):
    asked = write_lines(
        tmp_path / "q", *({"id": skill, "skill": skill, "question": skill} for skill in "ab")
    )
    stray = write_lines(tmp_path / "u", {"question": "x"})
    told = write_lines(tmp_path / "o", {"id": "a", "expert": "e", "score": 1})
    args = ["--questions", asked, "--unknown", stray, "--outcomes", told, "--out", tmp_path / "out"]

    assert "no question is of the categories ['b']" in str(run(*args).exception)
    assert "--scores says what --outcomes says" in run(*args, "--scores", told).output


COOKING = [
    f"{lead} {what}?"
    for lead in ("How do I bake", "How long do I bake", "What do I need to bake")
    for what in ("a cake", "bread rolls", "a pie", "an apple pie")
]


#: Of no skill, and of no kind of their own.
UNLIKE = (
    "Why do cats purr at night?",
    "Recommend a thriller by a Norwegian author.",
    "My bicycle chain keeps slipping off.",
    "Explain mortgage interest to a teenager.",
    "Is jazz older than blues music?",
    "Who scored the winning goal yesterday?",
    "Draft a birthday toast for grandma.",
    "The printer shows a blinking red light.",
)


def discover(tmp_path, *texts, more=()):
    traffic = write_lines(tmp_path / "traffic", *({"question": text} for text in texts))
    return run("--discover", traffic, "--router", ARTIFACT, "--out", tmp_path / "out", *more)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_unsure_traffic_becomes_proposals_and_questions_to_be_named(tmp_path):
    result = discover(tmp_path, "What is the capital of Peru?", *COOKING, COOKING[0])

    [told] = lines(tmp_path / "out/proposals.jsonl")
    asked = lines(tmp_path / "out/questions.jsonl")
    assert result.exit_code == 0
    assert "12 of 13 prompts were unsure, 12 of them in 1 proposal:" in result.output
    assert (told["proposal"], told["size"], "bake" in told["keywords"]) == ("new-1", 12, True)
    assert {(one["skill"], one["question"]) for one in asked} == {("new-1", it) for it in COOKING}


def test_proposals_are_told_to_programs_as_they_are_written(tmp_path):
    told = json.loads(discover(tmp_path, *COOKING, more=["--json"]).stdout)

    assert (told["num_asked"], told["num_unsure"]) == (12, 12)
    assert told["folder"] == str(tmp_path / "out")
    assert told["proposals"] == lines(tmp_path / "out/proposals.jsonl")


def test_that_nothing_is_proposed_is_told_to_programs_too(tmp_path):
    told = json.loads(discover(tmp_path, *UNLIKE, more=["--json"]).stdout)

    assert told == {"folder": None, "num_asked": 8, "num_unsure": 8, "proposals": []}


def test_proposals_that_somebody_may_have_named_are_not_written_over(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/questions.jsonl").write_text("named")

    result = discover(tmp_path, *COOKING)

    assert "is there already; name another folder" in str(result.exception)
    assert (tmp_path / "out/questions.jsonl").read_text() == "named"


def test_half_a_surrogate_pair_in_traffic_is_written_as_it_came(tmp_path):
    discover(tmp_path, *COOKING, "How do I bake a \udcff pie?")

    asked = lines(tmp_path / "out/questions.jsonl")
    assert "How do I bake a \udcff pie?" in [one["question"] for one in asked]


def test_traffic_that_a_router_is_sure_of_proposes_nothing(tmp_path):
    result = discover(tmp_path, "What is the capital of Peru?")

    assert "only 0 prompts were unsure" in str(result.exception)


def test_unsure_prompts_that_are_unlike_each_other_propose_nothing_and_write_nothing(tmp_path):
    result = discover(tmp_path, *UNLIKE)

    assert "8 of 8 prompts were unsure, and no 8 or more of them are alike" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (["--discover", "t"], "--router is needed"),
        (["--discover", "t", "--questions", "q"], "--questions is for a fit"),
        (["--router", "r", "--questions", "q"], "--router is what --discover goes by"),
        (["--questions", "q"], "--unknown is needed"),
        ([], "--questions is needed"),
    ],
)
def test_options_that_do_not_go_together_are_told(tmp_path, args, fault):
    path = write_lines(
        tmp_path / "q", {"skill": "a", "question": "x"}, {"skill": "b", "question": "y"}
    )
    args = [path if arg == "q" else arg for arg in args]

    result = run(*args, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert fault in result.output

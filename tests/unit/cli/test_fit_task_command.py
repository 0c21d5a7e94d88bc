"""`orchestrator fit task` as the person at the terminal meets it."""

import json

import pytest

from orchestrator.cli.main import main
from orchestrator.registry.loader import load
from orchestrator.routing.building import Routers
from routers.base import Prompts

REGISTRY = """\
# ours
experts:
  - {id: sums, engine: {kind: fake}}  # counts
  - {id: words, engine: {kind: fake}}
  - {id: twin, engine: {kind: fake}}
  - {id: guesser, engine: {kind: fake}}

compositions:
  auto: {kind: route, router: rule}  # the default

routers:
  rule:
    kind: rules
    rules: [{when: {has_tools: true}, expert: sums}]
    otherwise: {expert: words}
#   kept: as it is

defaults: {timeout_s: 9}  # seconds
"""
#: Of ten questions: sums solves seven, its twin six of the same, words the other three.
SOLVED = {"sums": range(7), "twin": range(6), "words": range(7, 10), "guesser": range(0)}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def outcome(number, expert, solved):
    return {"id": f"q{number}", "expert": expert, "score": float(number in solved)}


@pytest.fixture
def given(tmp_path):
    """Registry, examples and outcomes in a folder."""
    (tmp_path / "experts.yaml").write_text(REGISTRY)
    write(
        tmp_path / "examples.jsonl",
        [{"id": f"q{n}", "prompt": f"question {n}", "gold": str(n)} for n in range(10)],
    )
    write(
        tmp_path / "outcomes.jsonl",
        [outcome(n, expert, solved) for expert, solved in SOLVED.items() for n in range(10)],
    )
    return tmp_path


@pytest.fixture
def run(given, capsys):
    """Exit code, output and errors of the command."""

    def command(*more, name="fractions"):
        files = [("--registry", "experts.yaml"), ("--examples", "examples.jsonl"),
                 ("--outcomes", "outcomes.jsonl")]  # fmt: skip
        options = [text for key, file in files for text in (key, str(given / file))]
        with pytest.raises(SystemExit) as caught:
            main(["fit", "task", *options, "--name", name, *more])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return command


@pytest.mark.parametrize(
    ("name", "more", "fault"),
    [
        ("sums", (), "'sums' is an expert of the registry; name another task"),
        ("rule", (), "'rule' is a router of kind 'rules'; name another task"),
        ("auto", (), "'auto' is a composition over router 'rule'; name another task"),
        ("a b", (), "is not a name"),
        ("fractions", ("--guess-share", "1.5"), "guess_share is 1.5"),
        ("fractions", ("--guess-share", "0.95"), "no expert solves more of the examples"),
        ("fractions", ("--diversity", "2"), "diversity 2.0"),
    ],
)
def test_what_cannot_be_written_is_told_and_nothing_is_written(run, given, name, more, fault):
    code, _, err = run(*more, name=name)

    assert (code, fault in err) == (1, True), err
    assert (given / "experts.yaml").read_text() == REGISTRY


@pytest.mark.parametrize(
    ("num", "fault"),
    [
        (4, "4 examples of a task; it takes 5 to 50: label 1 or more of its questions"),
        (51, "51 examples of a task; it takes 5 to 50: leave 1 out, or name the task as their"),
    ],
)
def test_too_few_and_too_many_examples_are_refused_before_anybody_is_asked(run, given, num, fault):
    write(given / "examples.jsonl", [{"id": f"q{n}", "prompt": f"{n}?"} for n in range(num)])

    code, _, err = run("--url", "http://127.0.0.1:1")

    assert (code, fault in " ".join(err.split())) == (1, True), err


@pytest.mark.parametrize("num", [5, 50])
def test_the_fewest_and_the_most_examples_are_ranked_by(run, given, num):
    write(given / "examples.jsonl", [{"id": f"q{n}", "prompt": f"{n}?"} for n in range(num)])
    write(given / "outcomes.jsonl", [outcome(n, "sums", range(3)) for n in range(num)])

    code, out, _ = run("--dry-run")

    assert (code, f"3 of {num}" in out) == (0, True)


def test_where_nobody_was_asked_everything_it_says_how_to_ask(run, given):
    write(given / "outcomes.jsonl", [outcome(n, "sums", range(7)) for n in range(9)])

    code, _, err = run()

    assert code == 1
    assert "left out: 'sums' was not asked 1 of 10 examples" in err
    assert "--url URL, or `orchestrator profile`" in err


def test_the_best_and_what_adds_to_it_are_written_and_all_else_stays(run, given):
    code, out, _ = run()

    text = (given / "experts.yaml").read_text()
    assert code == 0
    assert "sums, words; callers ask for model 'fractions'" in " ".join(out.split())
    added = [line for line in text.splitlines() if line not in REGISTRY.splitlines()]
    assert [line.partition("  #")[0] for line in added] == [
        "  fractions: {kind: route, router: fractions}",
        "  fractions:",
        "    kind: task",
        "    experts: {sums: 0.614, words: 0.329}",
    ]
    without = [line for line in text.splitlines() if line not in added]
    assert without == [line for line in REGISTRY.splitlines() if line not in added]
    assert "`orchestrator fit task`, 10 examples, " in added[1]


def test_what_was_written_routes(run, given):
    run()

    registry = load(given / "experts.yaml")
    router = Routers().load(registry.routers)[registry.compositions["fractions"].router]

    (route,) = router.route(Prompts(texts=["x"], candidates=frozenset(SOLVED)))
    assert route.chosen == ("sums", "words")


def test_the_table_ranks_everybody_and_numbers_who_is_kept(run):
    _, out, _ = run("--dry-run")

    rows = [line.split() for line in out.splitlines()[1:]]
    assert [row[:-2] for row in rows] == [
        ["1", "sums", "7", "of", "10"],
        ["2", "words", "3", "of", "10"],
        ["twin", "6", "of", "10"],
        ["guesser", "0", "of", "10"],
    ]


def test_only_looking_writes_nothing(run, given):
    code, _, _ = run("--dry-run")

    assert (code, (given / "experts.yaml").read_text()) == (0, REGISTRY)


def test_a_task_is_replaced_only_by_force(run, given):
    run()
    once = (given / "experts.yaml").read_text()

    refused, _, err = run("--keep", "1")
    forced, _, _ = run("--keep", "1", "--force")

    assert (refused, forced) == (1, 0)
    assert "--force replaces it" in err
    again = (given / "experts.yaml").read_text()
    assert again == once.replace("{sums: 0.614, words: 0.329}", "{sums: 0.614}")


def test_experts_the_registry_lost_are_left_out_and_told(run, given):
    (given / "experts.yaml").write_text(
        REGISTRY.replace("  - {id: twin, engine: {kind: fake}}\n", "")
    )

    code, _, err = run()

    assert code == 0
    assert "left out: 'twin' is not in the registry" in err


def test_what_is_known_of_other_questions_counts(run, given):
    others = [
        {"id": f"other{n}", "expert": expert, "score": score}
        for n in range(40)
        for expert, score in {"sums": 0, "twin": 1, "words": 0, "guesser": 0}.items()
    ]
    write(given / "others.jsonl", others)

    _, alone, told = run("--dry-run")
    _, out, _ = run("--dry-run", "--known", str(given / "others.jsonl"))

    assert "0 other questions were put to all of these experts" in told
    assert alone.splitlines()[1].split()[:2] == ["1", "sums"]
    assert out.splitlines()[1].split()[:2] == ["1", "twin"]

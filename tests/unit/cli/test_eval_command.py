import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli.eval import eval as evaluate_command
from orchestrator.cli.eval_table import amount
from orchestrator.errors import SetupError
from routers.datasets import Example
from routers.neighbour_files import write_neighbours
from tests.unit.routers.answering import carried, two_topics
from tests.unit.routers.small import write_lines

ARTIFACT = Path("deploy/demo/routers/topic")
PARTED = """\
version: 1
experts:
  - {id: clerk, engine: {kind: fake}}
  - {id: poet, engine: {kind: fake}}
routers:
  close: {kind: neighbours, artifact: near}
  always:
    kind: rules
    rules: [{when: {has_tools: true}, expert: poet}]
    otherwise: {expert: clerk}
  parted: {kind: split, shares: {close: 1, always: 1}}
"""
#: Elements of HTML and SVG that read something from elsewhere.
READING = {"link", "script", "img", "image", "iframe", "object", "embed"}


def run(*args: object):
    app = typer.Typer()
    app.command()(evaluate_command)
    return CliRunner().invoke(app, [str(arg) for arg in args])


def told(result) -> str:
    assert isinstance(result.exception, SetupError), result.output
    return str(result.exception)


@pytest.fixture
def questions(tmp_path):
    return write_lines(
        tmp_path / "questions.jsonl",
        {
            "id": "c",
            "skill": "capitals",
            "question": "What is the capital of France?",
            "split": "t",
        },
        {"id": "s", "skill": "sums", "question": "What is 3 plus 4?", "split": "t"},
        {"id": "v", "skill": "sums", "question": "What is 4 plus 9?", "split": "val"},
    )


@pytest.fixture
def outcomes(tmp_path):
    """`capitals` and `sums` answer their own; the general expert both, at ten times the length."""
    right = {"capitals": "c", "sums": "sv", "generalist": "csv"}
    rows = [
        {
            "id": id_,
            "expert": expert,
            "score": float(id_ in own),
            "answer": answer,
            "tokens": tokens,
        }
        for expert, own in right.items()
        for id_ in "csv"
        for answer in ["yes" if id_ in own else "no"]
        for tokens in [50 if expert == "generalist" else 5]
    ]
    return write_lines(tmp_path / "outcomes.jsonl", *rows)


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


@pytest.fixture
def registry(tmp_path, static_only):
    path = tmp_path / "experts.yaml"
    experts = "\n".join(
        f"  - {{id: {name}, engine: {{kind: fake}}, skills: [{skill}], parameters: {size}}}"
        for name, skill, size in (
            ("capitals", "cities", 10**9),
            ("sums", "sums", 10**9),
            ("generalist", "general", 7 * 10**9),
        )
    )
    path.write_text(
        f"version: 1\nexperts:\n{experts}\nrouters:\n"
        f"  topic: {{kind: category, artifact: {static_only.name}, fallback: generalist, "
        "uncovered: fallback}\n"
    )
    return path


def test_nothing_to_measure_is_refused(questions):
    assert "--router FOLDER, or --registry" in told(run("--questions", questions))


def test_a_bad_artifact_is_one_clear_error(tmp_path, questions):
    assert "orchestrator fit" in told(run("--router", tmp_path, "--questions", questions))


def test_a_router_that_the_registry_lacks_is_refused_with_those_it_has(registry, questions):
    result = run("--registry", registry, "--router", "tpoic", "--questions", questions)

    assert "'tpoic' is not in" in told(result)
    assert "['topic']" in told(result)


def test_outcomes_of_other_experts_than_the_registrys_are_refused(registry, questions, tmp_path):
    stray = write_lines(tmp_path / "o.jsonl", {"id": "c", "expert": "zeta", "score": 1})

    result = run("--registry", registry, "--questions", questions, "--outcomes", stray)

    assert "the outcomes are of ['zeta']" in told(result)


def test_outcomes_with_faults_are_refused_with_their_rows(static_only, questions, tmp_path):
    bad = write_lines(tmp_path / "o.jsonl", {"id": "c", "expert": "a", "score": float("nan")})

    result = run("--router", static_only, "--questions", questions, "--outcomes", bad)

    assert "o.jsonl:1" in told(result)


def test_a_category_that_no_expert_of_the_registry_serves_is_refused(registry, tmp_path):
    asked = write_lines(tmp_path / "q.jsonl", {"skill": "opera", "question": "Who sings?"})

    assert "has the skill 'opera'" in told(run("--registry", registry, "--questions", asked))


def test_the_split_that_is_tried_does_not_tell_who_is_best(static_only, questions, outcomes):
    result = run(
        *("--router", static_only, "--questions", questions, "--outcomes", outcomes),
        *("--split", "t", "--fit-split", "t"),
    )

    assert "is another one" in told(result)


def test_a_page_that_cannot_be_written_is_one_clear_error(static_only, questions, tmp_path):
    result = run(
        "--router", static_only, "--questions", questions, "--html", tmp_path / "no" / "x.html"
    )

    assert "cannot be written" in told(result)


def test_eval_prints_accuracy_beside_a_keyword_router(static_only, questions):
    result = run(
        "--router", static_only, "--questions", questions, "--keywords-from", questions, "--json"
    )

    report = json.loads(result.stdout)
    assert report["routers"]["static"]["accuracy"]["mean"] == 1
    assert set(report["routers"]) == {"static", "keywords"}
    assert set(report["baselines"]) == {"best single", "random", "oracle"}


def test_eval_prints_a_table_for_people(static_only, questions):
    result = run("--router", static_only, "--questions", questions)

    assert "best single" in result.stdout
    assert "│ sums" in result.stdout
    assert result.exit_code == 0


def test_outcomes_bring_votes_costs_and_a_best_single_expert_of_other_questions(
    static_only, questions, outcomes
):
    result = run(
        *("--router", static_only, "--questions", questions, "--outcomes", outcomes),
        *("--split", "t", "--fit-split", "val", "--json"),
    )

    report = json.loads(result.stdout)
    assert report["num_questions"] == 2
    assert report["best_single_from"] == "1 questions that are not tried"
    assert report["routers"]["static"]["costs"] == {"calls": 1, "tokens": 5}
    # On `val` the general expert is as good as `sums` and stands first.
    assert report["baselines"]["best single"]["costs"]["tokens"] == 50
    assert report["baselines"]["majority of all"]["accuracy"]["mean"] == 1


def test_a_router_of_a_registry_is_measured_with_its_experts_sizes(registry, questions, outcomes):
    result = run("--registry", registry, "--questions", questions, "--outcomes", outcomes, "--json")

    report = json.loads(result.stdout)
    assert report["routers"]["topic"]["accuracy"]["mean"] == 1
    assert report["routers"]["topic"]["costs"]["active_params_b"] == 1
    assert report["experts"]["generalist"]["costs"]["active_params_b"] == 7


@pytest.fixture
def near(tmp_path):
    """Options that name a neighbours router and the very data it was fitted on, in two splits."""
    table = two_topics()
    write_neighbours(table, tmp_path / "near", name="static", of=carried())
    asked = write_lines(
        tmp_path / "asked.jsonl",
        *({"id": one.id, "prompt": one.prompt, "split": "train"} for one in table.examples),
        {"id": "new", "prompt": "capital of Peru", "split": "test"},
    )
    rows = [*zip(table.examples, table.scores, strict=True), (Example(id="new", prompt=""), (1, 0))]
    told = write_lines(
        tmp_path / "told.jsonl",
        *({"id": one.id, "expert": name, "score": float(score)}
          for one, scores in rows for name, score in zip(table.experts, scores, strict=True)),
    )  # fmt: skip
    return ["--questions", asked, "--outcomes", told]


@pytest.mark.parametrize(("split", "is_told"), [("train", True), ("test", False)])
def test_a_router_that_was_fitted_on_what_it_is_tried_on_is_told(tmp_path, near, split, is_told):
    result = run("--router", tmp_path / "near", *near, "--split", split, "--json")

    assert result.exception is None
    assert ("near' was fitted on these questions and outcomes" in result.stderr) == is_told
    assert json.loads(result.stdout)["routers"]


def test_routers_within_routers_are_looked_at_too(tmp_path, near):
    path = tmp_path / "parted.yaml"
    path.write_text(PARTED)

    result = run("--registry", path, "--router", "parted", *near, "--split", "train", "--json")

    assert result.exception is None
    assert "near' was fitted on these questions and outcomes" in result.stderr


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.figures: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href")]
        if tag == "figure":
            self.figures.append(dict(attrs)["class"])

    def handle_data(self, data):
        self.cells.append(data.strip())


@pytest.fixture
def page(static_only, questions, outcomes, tmp_path):
    unknown = write_lines(tmp_path / "u.jsonl", {"question": "Who won the cup?"})
    result = run(
        *("--router", static_only, "--questions", questions, "--outcomes", outcomes),
        *("--unknown", unknown, "--html", tmp_path / "report.html"),
    )
    assert result.exit_code == 0, result.exception
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_has_every_plot_and_table(page):
    found = Page()
    found.feed(page)

    assert found.figures == ["quality-cost", "reliability", "entropy", "confusion"]
    assert found.tags.count("svg") == 4
    assert {"best single", "majority of all", "oracle", "random"} <= set(found.cells)
    assert {"right, %", "tokens generated", "claimed", "reached", "chosen expert"} <= set(
        found.cells
    )


def test_the_page_reads_nothing_from_elsewhere(page):
    found = Page()
    found.feed(page)

    assert READING.isdisjoint(found.tags)
    assert all(link.startswith("#") for link in found.links)
    assert not re.search(r"https?://|@import|url\((?!#)", page)


def test_the_same_figures_make_the_same_page(static_only, questions, tmp_path):
    paths = [tmp_path / name for name in ("a.html", "b.html")]

    for path in paths:
        run("--router", static_only, "--questions", questions, "--html", path)

    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_names_and_questions_are_shown_as_text(static_only, tmp_path):
    asked = write_lines(
        tmp_path / "q.jsonl",
        {"skill": "<b>$x_$</b>", "question": "<script>alert(1)</script> & more"},
        {"skill": "sums", "question": "What is 3 plus 4?"},
    )

    run("--router", static_only, "--questions", asked, "--html", tmp_path / "r.html")

    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("cost", "shown"), [(0.0005085, "0.00051"), (1234.5, "1,234.50"), (0.0, "0.00"), (0.14, "0.14")]
)
def test_small_costs_are_told_apart(cost, shown):
    assert amount(cost) == shown

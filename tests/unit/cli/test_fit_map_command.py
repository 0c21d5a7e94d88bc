"""`orchestrator fit map`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli.fit_map import fit_map
from orchestrator.errors import OrchestratorError
from routers.artifacts import read_artifact
from tests.unit.routers.small import write_lines

TOPIC = Path(__file__).parents[3] / "deploy" / "demo" / "routers" / "topic"
COSTS = "expert,active_params_b\ncapable,9\nfrugal,1\n"


@pytest.fixture
def given(tmp_path):
    """Arguments that every call needs; `capable` is right twice as often as `frugal`."""
    categories = read_artifact(TOPIC).manifest.categories
    asked = [(f"{name}-{i}", name, i) for name in categories for i in range(10)]
    questions = [{"id": id_, "prompt": id_, "category": name} for id_, name, _ in asked]
    outcomes = [
        {"id": id_, "expert": expert, "score": score, "seconds": 2.0}
        for id_, _, i in asked
        for expert, score in (("capable", int(i < 8)), ("frugal", int(i < 4)))
    ]
    (tmp_path / "costs.csv").write_text(COSTS)
    return {
        "--router": TOPIC,
        "--questions": write_lines(tmp_path / "q.jsonl", *questions),
        "--outcomes": write_lines(tmp_path / "o.jsonl", *outcomes),
        "--models": tmp_path / "costs.csv",
        "--out": tmp_path / "out",
    }


def run(given, *more):
    app = typer.Typer()
    app.command()(fit_map)
    args = [str(part) for pair in given.items() for part in pair if pair[1] is not None]
    return CliRunner().invoke(app, [*args, *map(str, more)])


@pytest.mark.parametrize(
    ("changes", "more", "fault"),
    [
        pytest.param({"--out": None}, (), "give --out, or --pareto", id="nothing to do"),
        pytest.param({}, ("--budget", "gpus=1"), "'gpus' is no measure; known", id="measure"),
        pytest.param({}, ("--budget", "latency_s"), "form MEASURE=LIMIT", id="no limit"),
        pytest.param({}, ("--budget", "latency_s=x"), "form MEASURE=LIMIT", id="no number"),
        pytest.param({}, ("--budget", "active_params_b=0.5"), "a map reaches is 1", id="too low"),
        pytest.param({}, ("--budget", "memory_gib=5"), "no expert has a stated", id="unknown"),
        pytest.param({}, ("--always", "nobody"), "were not measured", id="always"),
        pytest.param({"--router": "none"}, (), "cannot be read", id="no router"),
        pytest.param({"--models": "none.csv"}, (), "cannot be read", id="no costs"),
        pytest.param({}, ("--pareto", "active_params_b", "--plot", "x.gif"), "suffix", id="plot"),
        pytest.param({}, ("--traffic", "none.json"), "the traffic in", id="no traffic"),
    ],
)
def test_bad_input_is_one_clear_error(given, changes, more, fault):
    result = run(given | changes, *more)

    assert isinstance(result.exception, OrchestratorError), result.output
    assert fault in str(result.exception)


def test_traffic_of_a_category_that_the_router_lacks_is_refused(given, tmp_path):
    (tmp_path / "traffic.json").write_text('{"moon": 3}')

    result = run(given, "--traffic", tmp_path / "traffic.json")

    assert "['moon'] that the router lacks" in str(result.exception)


def test_a_router_with_a_map_within_its_budget_is_written(given, tmp_path):
    result = run(given, "--budget", "active_params_b=5")

    assert result.exit_code == 0, result.exception
    manifest = read_artifact(tmp_path / "out").manifest
    assert manifest.budget.limits == {"active_params_b": 5}
    assert manifest.budget.spent["active_params_b"] <= 5
    assert set(manifest.expert_by_category.values()) == {"capable", "frugal"}
    assert "proven best" in result.output


def test_a_curve_is_shown_drawn_and_written_without_a_map(given, tmp_path):
    picture, content = tmp_path / "curve.svg", tmp_path / "curve.json"

    result = run(
        given | {"--out": None},
        *("--pareto", "active_params_b", "--points", 4, "--plot", picture, "--json", content),
    )

    assert result.exit_code == 0, result.exception
    points = json.loads(content.read_text())["curve"]["points"]
    assert [point["spent"]["active_params_b"] for point in points][0::3] == [1, 9]
    assert picture.read_text().startswith("<?xml")
    assert "USD" not in result.output
    assert "active parameters" in result.output


def test_seconds_of_the_outcomes_are_latencies(given):
    result = run(given, "--budget", "latency_s=1.5")

    assert "latency_s 1.5 (the smallest that a map reaches is 2)" in str(result.exception)


def test_costs_come_from_a_registry_too(given, tmp_path):
    (tmp_path / "experts.yaml").write_text(
        "version: 1\nexperts:\n"
        "  - {id: capable, engine: {kind: fake}, parameters: 9000000000}\n"
        "  - {id: frugal, engine: {kind: fake}, parameters: 1000000000}\n"
    )

    result = run(given | {"--models": tmp_path / "experts.yaml"}, "--budget", "total_params_b=1")

    assert result.exit_code == 0, result.exception
    manifest = read_artifact(tmp_path / "out").manifest
    assert manifest.experts == ("frugal",)

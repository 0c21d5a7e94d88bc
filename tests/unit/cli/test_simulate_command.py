import json

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.cli.simulate import simulate
from orchestrator.cli.trace import trace
from orchestrator.errors import SetupError
from orchestrator.simulation.contenders import NAMES


def run(command, *args: object):
    app = command
    if not isinstance(command, typer.Typer):
        app = typer.Typer()
        app.command()(command)
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.mark.parametrize(
    ("args", "told"),
    [
        pytest.param(("--trace", "zip"), "neither a file nor one of", id="trace"),
        pytest.param(("--policy", "fif"), "known: ['bounded', 'lru'", id="policy"),
        pytest.param(("--engines", "9"), "at most 3 fit", id="memory"),
        pytest.param(("--requests", "0"), "num_requests is 0", id="requests"),
        pytest.param(("--requests", "9", "--plot", "x.gif"), "its suffix must be", id="picture"),
    ],
)
def test_what_cannot_be_simulated_is_one_clear_error(args, told):
    result = run(simulate, *args)

    assert isinstance(result.exception, SetupError)
    assert told in str(result.exception)


def test_every_policy_is_a_row_of_the_table():
    result = run(simulate, "--requests", "60", "--slots", "2")

    assert result.exit_code == 0, result.output
    assert all(name in result.stdout for name in NAMES)
    assert "SRP" in result.stdout


def test_json_has_the_figures_of_trace_and_policies():
    result = run(simulate, "--trace", "abcabc", "--policy", "lru", "--requests", "30", "--json")

    told = json.loads(result.stdout)
    assert told["trace"]["num_experts"] == 12
    assert [(it["policy"], it["num_swaps"]) for it in told["outcomes"]] == [("lru", 30)]


def test_what_is_infinite_is_null_in_json():
    result = run(simulate, "--policy", "bounded", "--max-wait-s", "0.001", "--rate", "50", "--json")

    assert json.loads(result.stdout)["outcomes"][0]["p99_wait_s"] is None


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_picture_is_drawn(tmp_path, suffix):
    path = tmp_path / f"out.{suffix}"

    result = run(simulate, "--requests", "30", "--plot", path)

    assert result.exit_code == 0, result.output
    assert path.read_bytes().startswith(b"<?xml" if suffix == "svg" else b"\x89PNG")


def test_a_trace_that_was_made_is_played_from_its_file(tmp_path):
    path = tmp_path / "waves.jsonl"

    written = run(trace, "make", "waves", "--out", path, "--requests", "40")
    result = run(simulate, "--trace", path, "--policy", "coserve", "--json")

    assert written.exit_code == 0, written.output
    assert json.loads(result.stdout)["outcomes"][0]["num_answered"] == 40


def test_recording_without_a_service_says_how_to_start_one(tmp_path):
    result = run(trace, "record", "--out", tmp_path / "t.jsonl", "--url", "http://127.0.0.1:1")

    assert isinstance(result.exception, SetupError)
    assert "orchestrator serve" in str(result.exception)


def test_clients_ask_when_they_have_an_answer():
    args = ("--policy", "bounded", "--requests", "30", "--experts", "2", "--json")

    alone = run(simulate, *args, "--clients", "1")
    many = run(simulate, *args, "--clients", "16")

    makespans = [json.loads(it.stdout)["outcomes"][0]["makespan_s"] for it in (alone, many)]
    assert makespans[0] > makespans[1]

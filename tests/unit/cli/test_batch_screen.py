"""How far a batch is, as lines of a terminal; and what Ctrl-C does."""

import httpx
import pytest
import typer

from orchestrator.cli.batch_screen import BatchScreen, progress_line, progress_lines
from orchestrator.cli.batch_waiting import tell_end, waited_for
from orchestrator.client import Client
from orchestrator.client.batch_wire import Batch, BatchProgress
from tests.unit.client.scripted import BATCH

FAULTS = [{"message": "m", "line": n} for n in range(1, 24)]


def progress(**more) -> BatchProgress:
    run = {
        "num_lines": 10_000, "num_done": 4213, "num_tokens": 1, "tokens_per_s": 1812.4,
        "swaps_so_far": 5, "swaps_expected": 16, "left_s": 200.0,
        "current": [
            {"slot": "gpu-0", "expert": "maths", "num_calls": 1400, "num_done": 120,
             "is_swapped": True},
            {"slot": "gpu-10", "expert": "law", "num_calls": 80, "num_done": 12},
        ],
    }  # fmt: skip
    counts = {"total": 10_000, "completed": 4210, "failed": 3}
    state = {"id": "batch_1", "status": "in_progress", "request_counts": counts, "run": run}
    return BatchProgress.model_validate({**state, **more})


def test_a_batch_that_has_not_begun_is_its_state_alone():
    waiting = progress(status="validating", run=None, request_counts={})

    assert progress_line(waiting) == "batch_1 validating"
    assert progress_lines(waiting, width=80) == ["batch_1  validating"]


def test_one_line_has_lines_pace_swaps_and_time_left():
    assert progress_line(progress()) == (
        "batch_1 in_progress, 4,213 of 10,000 lines (3 failed), 1,812 tokens/s, 5 of 16 swaps, "
        "3 min 20 s left"
    )


def test_a_batch_that_has_ended_has_no_time_left():
    assert progress_line(progress(status="completed")).endswith("1,812 tokens/s, 5 of 16 swaps")


def test_what_holds_a_batch_up_is_told_last():
    held = progress(run=None, obstacle="results cannot be stored: no room")

    assert progress_line(held).endswith("(3 failed), results cannot be stored: no room")
    assert progress_lines(held, width=80)[-1] == "! results cannot be stored: no room"


def test_runs_under_way_stand_below_one_another():
    lines = progress_lines(progress(), width=80)

    assert lines[:2] == ["batch_1  in_progress", "4,213 of 10,000 lines (3 failed)"]
    assert lines[2] == 25 * "━" + 35 * "─" + " 42 %"
    assert lines[4:] == [
        "  gpu-0   maths  120 of 1,400 calls  after a swap",
        "  gpu-10  law    12 of 80 calls",
    ]


@pytest.mark.parametrize("width", range(60, 201, 20))
def test_no_line_of_progress_is_wider_than_the_terminal(width):
    run = progress().run.model_dump()
    many = [{**run["current"][0], "expert": "e" * 300}] * 40
    lines = progress_lines(progress(run={**run, "current": many}, obstacle="o" * 300), width=width)

    assert max(map(len, lines)) == width
    assert "  and 24 more" in lines


def test_into_a_pipe_a_state_is_told_once(capsys):
    with BatchScreen() as screen:
        for _ in range(3):
            screen.heard(progress())

    assert capsys.readouterr().err.count("batch_1") == 1


def test_ctrl_c_leaves_the_batch_alone_and_says_so(capsys):
    asked = []

    def respond(request):
        asked.append(request.method)
        raise KeyboardInterrupt

    with (
        Client(transport=httpx.MockTransport(respond)) as client,
        pytest.raises(typer.Exit) as caught,
    ):
        waited_for(client, "batch_1")

    assert (caught.value.exit_code, asked) == (130, ["GET"])
    assert capsys.readouterr().err == (
        "batch_1 goes on without you: `orchestrator batch watch batch_1` shows it again, "
        "`orchestrator batch cancel batch_1` ends it\n"
    )


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (BATCH, "1 answer, 1 failed: `orchestrator batch output batch_1` prints them\n"),
        (
            {**BATCH, "status": "cancelled", "output_file_id": None, "error_file_id": None},
            "batch_1 is cancelled; no line of it has an answer\n",
        ),
        (
            {**BATCH, "status": "failed", "errors": {"data": FAULTS}},
            "".join(f"in.jsonl:{n}: m\n" for n in range(1, 21)) + "and 3 more\n",
        ),
    ],
    ids=["complete", "cancelled", "failed"],
)  # fmt: skip
def test_the_end_of_a_batch_says_what_to_do_next(batch, said, capsys):
    tell_end(Batch.model_validate(batch), file="in.jsonl")

    assert capsys.readouterr().err == said

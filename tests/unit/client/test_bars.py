"""The bar of a batch."""

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

from orchestrator.client.bars import heard_with_bar, told_of
from orchestrator.client.batch_wire import BatchProgress, CurrentRun, RequestCounts, RunState

RUN = RunState(
    num_lines=10,
    num_done=4,
    num_tokens=900,
    tokens_per_s=1234.4,
    swaps_so_far=2,
    swaps_expected=5,
    current=(
        CurrentRun(slot="a", expert="math", num_calls=5, num_done=1),
        CurrentRun(slot="b", expert="math", num_calls=5, num_done=1),
    ),
)


def progress(status="in_progress", *, failed=0, run=RUN, obstacle=None):
    counts = RequestCounts(total=10, completed=4, failed=failed)
    return BatchProgress(
        id="batch_1", status=status, request_counts=counts, run=run, obstacle=obstacle
    )


def test_it_tells_pace_swaps_and_who_works_now():
    assert told_of(progress()) == "1,234 tokens/s, 2 of 5 swaps, math"


def test_it_tells_what_failed_and_what_keeps_it():
    assert told_of(progress(failed=2, run=None, obstacle="the disk is full")) == (
        "2 failed, the disk is full"
    )


SHOWN = """
from orchestrator.client.bars import heard_with_bar
from orchestrator.client.batch_wire import BatchProgress, RequestCounts, RunState

def far(status, done, **run):
    counts = RequestCounts(total=10, completed=done - 1, failed=1)
    return BatchProgress(id="b", status=status, request_counts=counts, run=run or None)

heard = []
with heard_with_bar(heard.append, is_shown=True) as tell:
    tell(far("in_progress", 4, num_lines=10, num_done=4, num_tokens=9, tokens_per_s=1234.4,
             swaps_so_far=2, swaps_expected=5))
    tell(far("completed", 10))
print(len(heard))
"""


def on_a_terminal(code: str) -> tuple[str, str]:
    """What a program prints, and what it draws on the terminal that its error output is."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        done = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=theirs, text=True,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
        )  # fmt: skip
        os.close(theirs)
        drawn = b""
        # Linux ends the reading of a terminal whose other side is gone with an error.
        with suppress(OSError):
            while piece := terminal.read(4096):
                drawn += piece
        said, _ = done.communicate(timeout=60)
    return said, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())


def test_on_a_terminal_it_draws_lines_pace_and_failures_and_tells_on():
    said, drawn = on_a_terminal(SHOWN)

    assert said.strip() == "2"
    assert re.search(r"completed ━+ 10/10 1 failed 0:00:00", drawn)


def test_it_is_drawn_beside_the_error_output_alone(capfd):
    with heard_with_bar(None, is_shown=True) as tell:
        tell(progress(failed=1))

    shown = capfd.readouterr()
    assert shown.out == ""
    assert "in progress" in shown.err
    assert "5/10 1 failed, 1,234 tokens/s, 2 of 5 swaps, math" in shown.err


def test_where_none_is_wanted_the_caller_is_told_itself():
    def heard(progress): ...

    with heard_with_bar(heard, is_shown=False) as tell:
        assert tell is heard

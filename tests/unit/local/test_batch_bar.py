"""The bar of a batch."""

import io

from rich.console import Console

from orchestrator.client.batch_wire import BatchProgress, CurrentRun, RequestCounts, RunState
from orchestrator.local.batch_bar import BatchBar, told_of

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


def test_lines_are_counted_and_the_batch_is_known_until_its_end():
    out = io.StringIO()
    with BatchBar(Console(file=out, width=120)) as bar:
        bar.heard(progress(failed=1))
        under_way = bar.batch_id
        bar.heard(progress("completed", failed=1))

    assert (under_way, bar.batch_id) == ("batch_1", None)
    assert "5/10" in out.getvalue()


def test_one_that_is_not_shown_draws_nothing():
    out = io.StringIO()
    with BatchBar(Console(file=out), is_shown=False) as bar:
        bar.heard(progress())

    assert out.getvalue() == ""

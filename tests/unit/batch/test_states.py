import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch import states
from orchestrator.batch.batch import ENDED, Batch, BatchFault, RequestCounts, Status
from orchestrator.batch.states import Ending
from orchestrator.errors import ConflictError

STATUSES: tuple[Status, ...] = typing.get_args(Status)


def new_batch(**fields) -> Batch:
    given_fields = {
        "id": "batch_1",
        "endpoint": "/v1/chat/completions",
        "input_file_id": "file-1",
        "completion_window": "24h",
        "window_s": 86_400,
        "created_at": 100,
        "expires_at": 86_500,
    }
    return Batch(**{**given_fields, **fields})


def running() -> Batch:
    return states.begun(new_batch(), num_lines=3, now_s=110)


@given(steps=st.lists(st.tuples(st.sampled_from(STATUSES), st.integers(0, 10_000))))
def test_whatever_happens_a_batch_goes_only_where_it_may_and_its_times_never_go_back(steps):
    batch, times = new_batch(), [100]
    for status, now_s in steps:
        before = batch
        if status in states.FOLLOWING[batch.status]:
            batch = states.moved(batch, status, now_s=now_s)
            times.append(getattr(batch, f"{status}_at"))
        else:
            with pytest.raises(ConflictError):
                states.moved(batch, status, now_s=now_s)
        assert not before.has_ended or batch == before
    assert times == sorted(times)
    told = [status for status in STATUSES[1:] if getattr(batch, f"{status}_at") is not None]
    assert len(told) == len(times) - 1


def test_only_the_four_ends_have_nothing_that_follows():
    assert {status for status in STATUSES if not states.FOLLOWING[status]} == ENDED


def test_a_failed_batch_keeps_its_faults():
    fault = BatchFault(code="invalid_json_line", message="no JSON", line=7)

    batch = states.failed(new_batch(), (fault,), now_s=120.9)

    assert (batch.status, batch.failed_at, batch.errors) == ("failed", 120, (fault,))


def test_a_batch_that_begins_says_how_many_lines_it_has():
    assert running().request_counts == RequestCounts(total=3)


@pytest.mark.parametrize(
    ("before", "status"),
    [("finalizing", "completed"), ("in_progress", "expired"), ("cancelling", "cancelled")],
)
def test_what_a_batch_ends_as_is_where_it_stood(before, status):
    batch = running() if before == "in_progress" else states.moved(running(), before, now_s=120)
    ending = Ending(output_file_id="file-o", counts=RequestCounts(total=3, completed=2))

    batch = states.ended(batch, ending, now_s=130)

    assert (batch.status, getattr(batch, f"{status}_at")) == (status, 130)
    assert (batch.output_file_id, batch.error_file_id) == ("file-o", None)
    assert batch.request_counts.completed == 2


def test_a_batch_that_is_cancelled_twice_is_as_it_was():
    once = states.cancelling(running(), now_s=120)

    assert states.cancelling(once, now_s=130) == once


@pytest.mark.parametrize("status", ["completed", "failed", "expired", "cancelled", "finalizing"])
def test_what_has_ended_cannot_be_cancelled_and_says_where_it_stands(status):
    with pytest.raises(ConflictError, match=f"'batch_1' is '{status}'"):
        states.cancelling(new_batch(status=status), now_s=130)

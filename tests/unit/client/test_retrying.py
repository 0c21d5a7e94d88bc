"""What is asked again, when, and how often."""

import pytest

from orchestrator.client import Retries, retried
from orchestrator.errors import ContextTooLongError, OverloadedError

BUSY = OverloadedError("busy")


@pytest.mark.parametrize(
    ("error", "attempt", "wait_s"),
    [
        pytest.param(BUSY, 1, 0.5, id="first"),
        pytest.param(BUSY, 3, 2.0, id="doubled twice"),
        pytest.param(BUSY, 5, 4.0, id="no longer than the longest"),
        pytest.param(BUSY, 6, None, id="the last attempt"),
        pytest.param(OverloadedError("busy", retry_after_s=9.0), 1, 9.0, id="as it was told"),
        pytest.param(ContextTooLongError("long"), 1, None, id="of no use"),
    ],
)
def test_waits_double_and_end(error, attempt, wait_s):
    retries = Retries(max_attempts=6, first_wait_s=0.5, longest_wait_s=4.0)

    assert retries.wait_s(error, attempt=attempt, draw=1.0) == wait_s


def test_those_who_failed_together_do_not_come_together():
    waits = {Retries().wait_s(BUSY, attempt=1, draw=draw) for draw in (0.0, 0.5, 1.0)}

    assert waits == {0.25, 0.375, 0.5}


async def test_what_fails_for_a_while_is_answered():
    failures, waits = [BUSY, BUSY], []

    async def ask():
        if failures:
            raise failures.pop()
        return "answer"

    async def pause(wait_s):
        waits.append(wait_s)

    assert await retried(ask, retries=Retries(), pause=pause) == "answer"
    assert len(waits) == 2


async def test_the_last_failure_is_told():
    async def ask():
        raise BUSY

    async def pause(wait_s):
        pass

    with pytest.raises(OverloadedError, match="busy"):
        await retried(ask, retries=Retries(max_attempts=3), pause=pause)

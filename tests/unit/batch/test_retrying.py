import pytest

from orchestrator.batch.line import LineReply
from orchestrator.batch.retrying import retry


def reply(status: int, *, is_retryable: bool = True, after_s: float | None = None) -> LineReply:
    return LineReply(
        status_code=status, request_id="r", body=b"", is_retryable=is_retryable,
        retry_after_s=after_s,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answered", "num_tries"),
    [
        pytest.param(reply(200), 1, id="an answer"),
        pytest.param(reply(400, is_retryable=False), 1, id="nothing that another try changes"),
        pytest.param(reply(503), 3, id="all tries taken"),
    ],
)
def test_a_line_is_not_tried_again_after(answered, num_tries):
    assert retry(answered, num_tries=num_tries, max_tries=3, call_id="a") is None


def test_pauses_double_up_to_a_minute_and_a_quarter_is_spread():
    pauses = [
        retry(reply(503), num_tries=tries, max_tries=99, call_id="a").after_s
        for tries in (1, 2, 3, 20)
    ]

    firsts = (0.5, 1.0, 2.0, 60.0)
    assert all(1 <= pause / first < 1.25 for pause, first in zip(pauses, firsts, strict=True))


def test_what_the_endpoint_says_of_later_is_heeded():
    assert retry(reply(503, after_s=30), num_tries=1, max_tries=9, call_id="a").after_s >= 30


def test_lines_that_failed_together_come_back_apart():
    pauses = {
        retry(reply(503), num_tries=1, max_tries=9, call_id=f"line-{n}").after_s for n in range(50)
    }

    assert len(pauses) == 50

import orjson
import pytest

from orchestrator.batch.line import LineFault, LineReply, LineResult
from orchestrator.batch.result_lines import EXPIRED, result_line, unasked_line


def told(body: bytes, *, status: int = 200, fault: LineFault | None = None) -> tuple[bytes, dict]:
    reply = LineReply(status_code=status, request_id="req-1", body=body)
    line = result_line(LineResult(place=0, custom_id="q", reply=reply, fault=fault))
    return line, orjson.loads(line)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{\n "a": [1,\r\n 2]\n}', {"a": [1, 2]}),
        (b'"\xe2\x80\xa8"', "\u2028"),
        (b"not json\n", "not json\n"),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_whatever_the_endpoint_said_a_result_is_one_line_of_json(body, read):
    line, found = told(body)

    assert b"\n" not in line
    assert found["response"] == {"status_code": 200, "request_id": "req-1", "body": read}


def test_a_price_stands_beside_the_answer_where_one_is_known():
    reply = LineReply(status_code=200, request_id="req-1", body=b"{}", cost_usd=0.25)

    found = orjson.loads(result_line(LineResult(place=0, custom_id="q", reply=reply)))

    assert found["response"] == {
        "status_code": 200, "request_id": "req-1", "cost_usd": 0.25, "body": {},
    }  # fmt: skip


def test_a_fault_stands_beside_the_answer_that_had_it():
    _, found = told(b"{}", status=429, fault=LineFault(code="overloaded", message="too many"))

    assert found["response"]["status_code"] == 429
    assert found["error"] == {"code": "overloaded", "message": "too many"}


def test_a_line_that_was_never_asked_has_no_answer():
    found = orjson.loads(unasked_line("q7", EXPIRED))

    assert (found["custom_id"], found["response"]) == ("q7", None)
    assert found["error"]["code"] == "batch_expired"


def test_every_line_has_an_id_of_its_own():
    assert len({told(b"{}")[1]["id"] for _ in range(50)}) == 50

"""Requests as lines of an input file."""

import io
import json

import pytest

from orchestrator.client.batch_lines import line_of, name_of, written
from orchestrator.errors import InvalidRequestError

CHAT = "/v1/chat/completions"


def line(request, *, number: int = 1, endpoint: str = CHAT) -> dict:
    return json.loads(line_of(request, number, endpoint=endpoint, model="auto"))


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (7, "request 3 is of type 'int'; allowed"),
        ([], "request 3 is of type 'list'; allowed"),
        ({"custom_id": "a"}, "request 3 has no body"),
        ({"body": "hello"}, "request 3 has no body"),
        ({"messages": object()}, "request 3 cannot be written as JSON"),
        ({"temperature": float("nan")}, "request 3 cannot be written as JSON"),
    ],
    ids=["number", "list", "no body", "text as body", "object", "nan"],
)
def test_what_is_no_request_is_refused_with_its_number(request_, says):
    with pytest.raises(InvalidRequestError, match=says):
        line(request_, number=3)


def test_a_text_is_no_request_of_an_endpoint_that_reads_none():
    with pytest.raises(InvalidRequestError, match=r"no request of '/v1/other'; those it is one of"):
        line("hello", endpoint="/v1/other")


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        (CHAT, {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}),
        ("/v1/completions", {"model": "auto", "prompt": "hi"}),
        ("/v1/embeddings", {"model": "auto", "input": "hi"}),
    ],
)
def test_a_text_is_a_request_of_its_endpoint(endpoint, body):
    assert line("hi", number=4, endpoint=endpoint) == {
        "custom_id": "request-4",
        "method": "POST",
        "url": endpoint,
        "body": body,
    }


def test_what_a_line_says_itself_stays():
    said = {"custom_id": "mine", "url": "/v1/completions", "body": {"model": "law", "prompt": "x"}}

    assert line(said) == {"method": "POST", **said}


def test_a_file_is_sent_as_it_is(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\xff no JSON\r\n")

    with written(str(path), endpoint=CHAT, model="auto") as content:
        assert content.read() == b"\xff no JSON\r\n"
    assert name_of(path) == "in.jsonl"


def test_many_requests_do_not_stay_in_memory():
    long = {"messages": [{"role": "user", "content": "x" * 100_000}]}

    with written((long for _ in range(100)), endpoint=CHAT, model="auto") as content:
        assert not isinstance(getattr(content, "_file", None), io.BytesIO)
        assert sum(1 for _ in content) == 100

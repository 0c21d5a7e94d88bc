"""Rows of data frames as requests."""

import pandas as pd
import pyarrow as pa
import pytest

from orchestrator.errors import InvalidRequestError
from orchestrator.local.frames import requests_of

CHAT = "/v1/chat/completions"
COLUMNS = {"prompt": ["a", "b"], "custom_id": ["x", "y"], "max_tokens": [3, None]}


@pytest.mark.parametrize(
    "frame", [pa.table(COLUMNS), pd.DataFrame(COLUMNS)], ids=["arrow", "pandas"]
)
def test_a_row_is_a_request_with_what_it_has_a_value_for(frame):
    first, second = requests_of(frame, endpoint=CHAT)

    assert first == {
        "custom_id": "x",
        "body": {"messages": [{"role": "user", "content": "a"}], "max_tokens": 3},
    }
    assert isinstance(first["body"]["max_tokens"], int)
    assert second["body"] == {"messages": [{"role": "user", "content": "b"}]}


def test_a_column_of_conversations_is_taken_as_it_is():
    turns = [{"role": "user", "content": "a"}]

    (row,) = requests_of(pa.table({"messages": [turns]}), endpoint=CHAT)

    assert row == {"body": {"messages": turns}}


@pytest.mark.parametrize(
    ("endpoint", "key"), [("/v1/embeddings", "input"), ("/v1/completions", "prompt")]
)
def test_a_text_goes_where_its_endpoint_reads_it(endpoint, key):
    (row,) = requests_of(pa.table({"prompt": ["a"]}), endpoint=endpoint)

    assert row == {"body": {key: "a"}}


def test_a_frame_without_the_column_is_refused_with_those_it_has():
    with pytest.raises(
        InvalidRequestError, match=r"columns \['question'\].*\['messages', 'prompt'\]"
    ):
        requests_of(pa.table({"question": ["a"]}), endpoint=CHAT)


def test_what_is_no_frame_stays_as_it_is():
    texts = ["a", "b"]

    assert requests_of(texts, endpoint=CHAT) is texts
    assert requests_of("lines.jsonl", endpoint=CHAT) == "lines.jsonl"

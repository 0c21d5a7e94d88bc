"""Rows of data frames as requests by themselves."""

import json

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from orchestrator.client.batch_lines import written
from orchestrator.client.row_requests import is_frame, row_requests
from orchestrator.errors import InvalidRequestError

CHAT = "/v1/chat/completions"
COLUMNS = {"prompt": ["a", "b"], "custom_id": ["x", "y"], "max_tokens": [3, None]}
KINDS = {"arrow": pa.table, "pandas": pd.DataFrame, "polars": pl.DataFrame}


def sent(requests, *, endpoint: str = CHAT) -> list[dict]:
    with written(requests, endpoint=endpoint, model="auto") as content:
        return [json.loads(line) for line in content]


@pytest.fixture(params=KINDS, ids=str)
def make(request):
    return KINDS[request.param]


def test_a_row_is_a_request_with_what_it_has_a_value_for(make):
    first, second = row_requests(make(COLUMNS), key="messages")

    assert first == {
        "custom_id": "x",
        "body": {"messages": [{"role": "user", "content": "a"}], "max_tokens": 3},
    }
    assert isinstance(first["body"]["max_tokens"], int)
    assert second["body"] == {"messages": [{"role": "user", "content": "b"}]}


def test_a_column_of_conversations_is_taken_as_it_is():
    turns = [{"role": "user", "content": "a"}]

    (row,) = row_requests(pa.table({"messages": [turns]}), key="messages")

    assert row == {"body": {"messages": turns}}


@pytest.mark.parametrize(
    ("endpoint", "key"), [("/v1/embeddings", "input"), ("/v1/completions", "prompt")]
)
def test_a_text_goes_where_its_endpoint_reads_it(endpoint, key):
    (line,) = sent(pa.table({"prompt": ["a"]}), endpoint=endpoint)

    assert line["custom_id"] == "request-1"
    assert line["body"] == {"model": "auto", key: "a"}


def test_a_frame_without_the_column_is_refused_with_those_it_has():
    with pytest.raises(
        InvalidRequestError, match=r"columns \['question'\].*\['messages', 'prompt'\]"
    ):
        sent(pa.table({"question": ["a"]}))


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["x", "x"], "row 1 of column 'custom_id' is 'x', which row 0 of column 'custom_id' is"),
        (["x", None], "row 1 of column 'custom_id' is None; it must be a text"),
        (["x", ""], "row 1 of column 'custom_id' is ''; it must be a text"),
    ],
    ids=["twice", "gap", "empty"],
)
def test_rows_whose_names_are_no_names_are_told_before_any_is_sent(make, ids, said):
    with pytest.raises(InvalidRequestError, match=said):
        sent(make(COLUMNS | {"custom_id": ids}))


@pytest.mark.parametrize(
    "other",
    [["a", "b"], "lines.jsonl", pd.Series(["a", "b"]), pl.Series(["a", "b"]), {"columns": 1}],
    ids=["texts", "path", "pandas series", "polars series", "mapping"],
)
def test_what_has_no_columns_is_no_frame(other):
    assert not is_frame(other)


def test_a_column_of_texts_is_a_text_a_request(make):
    frame = make({"prompt": ["a", "b"]})
    texts = frame["prompt"].to_pylist() if isinstance(frame, pa.Table) else frame["prompt"]

    bodies = [line["body"]["messages"][0]["content"] for line in sent(texts)]

    assert bodies == ["a", "b"]

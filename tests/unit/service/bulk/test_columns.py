"""What a row of parquet asks."""

import datetime
import json

import pytest

from orchestrator.service.bulk.columns import row_of_columns


def asked(**columns):
    row = row_of_columns(0, {"custom_id": "a", **columns}, model="auto")
    assert row.fault is None
    return row.url, json.loads(row.body)


def test_a_prompt_is_a_chat_with_the_model_and_options_beside_it():
    url, body = asked(prompt="hi", system="be brief", model="math", max_tokens=4, temperature=None)

    assert url == "/v1/chat/completions"
    assert body == {
        "model": "math", "max_tokens": 4,
        "messages": [
            {"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"},
        ],
    }  # fmt: skip


def test_a_struct_is_the_body_without_what_the_row_does_not_say():
    body = {"model": None, "messages": [{"role": "user", "content": "hi", "name": None}], "n": None}

    assert asked(body=body)[1] == {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}


def test_text_is_the_body_as_json_and_a_url_may_be_given():
    url, body = asked(body='{"model": "vectors", "input": "hi"}', url="/v1/embeddings")

    assert (url, body) == ("/v1/embeddings", {"model": "vectors", "input": "hi"})


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"custom_id": "a", "body": "{"}, "invalid_body"),
        ({"custom_id": "a", "body": "[1]"}, "invalid_body"),
        ({"custom_id": "a", "prompt": None}, "invalid_body"),
        ({"custom_id": None, "prompt": "x"}, "invalid_custom_id"),
        ({"custom_id": 7, "prompt": "x"}, "invalid_custom_id"),
        ({"custom_id": "a", "prompt": "x", "url": "/v2"}, "invalid_url"),
        ({"custom_id": "a", "body": {"model": "m", "at": datetime.timedelta(1)}}, "invalid_body"),
    ],
    ids=["no JSON", "no object", "nothing", "no id", "id a number", "url", "not of JSON"],
)
def test_a_row_that_cannot_be_asked_says_why(columns, code):
    row = row_of_columns(3, columns, model="auto")

    assert row.fault is not None
    assert (row.place, row.fault.code) == (3, code)

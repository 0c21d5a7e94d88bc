"""Names of lines: there, a text, and there once; before anything is sent."""

import json

import pytest

from orchestrator.client.batch_lines import written
from orchestrator.client.custom_ids import MAX_ID_CHARS, column_ids, id_of
from orchestrator.errors import InvalidRequestError

BODY = {"messages": [{"role": "user", "content": "1+1?"}]}


def write(requests) -> list[dict]:
    with written(requests, endpoint="/v1/chat/completions", model="auto") as content:
        return [json.loads(line) for line in content if line.strip()]


def asked(custom_id) -> dict:
    return {"custom_id": custom_id, "body": BODY}


def file_of(folder, *lines: object):
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (asked("a"), "'custom_id' of request 2 is 'a', which 'custom_id' of request 1 is too"),
        (asked(None), "'custom_id' of request 2 is None; it must be a text of 1 to 512"),
        (asked(""), "'custom_id' of request 2 is ''"),
        (asked(7), "'custom_id' of request 2 is 7"),
        (asked("x" * (MAX_ID_CHARS + 1)), "'custom_id' of request 2 is 'xxx"),
    ],
    ids=["twice", "gap", "empty", "number", "long"],
)
def test_a_request_whose_name_is_none_or_taken_is_told_with_its_number(second, said):
    with pytest.raises(InvalidRequestError, match=said) as caught:
        write([asked("a"), second])

    assert caught.value.param == "custom_id"


def test_a_name_that_a_nameless_request_would_get_is_taken_once():
    with pytest.raises(InvalidRequestError, match="request 2 is 'request-2', which"):
        write([asked("request-2"), "hello"])


def test_named_and_nameless_requests_stand_side_by_side():
    assert [line["custom_id"] for line in write([asked("a"), "hi", BODY])] == [
        "a", "request-2", "request-3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (asked("a"), "'custom_id' of line 2 is 'a', which 'custom_id' of line 1 is too"),
        ({"body": BODY}, "'custom_id' of line 2 is None"),
    ],
    ids=["twice", "gap"],
)
def test_names_in_a_file_are_looked_at_before_it_is_sent(tmp_path, line, said):
    with pytest.raises(InvalidRequestError, match=said):
        write(file_of(tmp_path, asked("a"), line))


def test_a_sound_file_is_sent_from_its_beginning_with_its_empty_lines(tmp_path):
    path = file_of(tmp_path, asked("a"), asked("b"))
    path.write_bytes(path.read_bytes() + b"\n")

    with written(path, endpoint="/v1/chat/completions", model="auto") as content:
        assert content.read() == path.read_bytes()


def test_names_of_a_column_are_texts_or_whole_numbers():
    assert column_ids(["a", 7, 8.0], "key") == ["a", "7", "8"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, "1"], "row 1 of column 'key' is '1', which row 0 of column 'key' is too"),
        (["a", None], "row 1 of column 'key' is None"),
        (["a", float("nan")], "row 1 of column 'key' is None"),
        (["a", True], "row 1 of column 'key' is True"),
        (["a", 1.5], "row 1 of column 'key' is 1.5"),
    ],
    ids=["alike", "gap", "nan", "truth", "fraction"],
)
def test_what_is_no_name_in_a_column_is_told_with_row_and_value(values, said):
    with pytest.raises(InvalidRequestError, match=said):
        column_ids(values, "key")


@pytest.mark.parametrize(
    ("line", "name"), [(b'{"custom_id": "a"}', "a"), (b"", None), (b"[1]", None), (b"{", None)]
)
def test_the_name_of_a_line_is_read_where_it_has_one(line, name):
    assert id_of(line) == name

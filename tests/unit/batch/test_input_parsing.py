import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.batch import BatchFault
from orchestrator.batch.input_lines import RawLine
from orchestrator.batch.input_parsing import parse_line
from orchestrator.batch.line import Line

GOOD = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "auto", "messages": []},
}


def parsed(data: bytes | dict, *, endpoint: str | None = None) -> Line | BatchFault:
    data = data if isinstance(data, bytes) else orjson.dumps(data)
    return parse_line(RawLine(number=7, offset=0, data=data), endpoint=endpoint)


def without(key: str) -> dict:
    return {name: value for name, value in GOOD.items() if name != key}


def test_a_line_is_a_request_with_its_body():
    line = parsed(GOOD)

    assert line == Line(
        number=7,
        custom_id="a",
        url="/v1/chat/completions",
        body=b'{"model":"auto","messages":[]}',
    )


@pytest.mark.parametrize(
    ("given", "code", "param", "message"),
    [
        pytest.param(b"{", "invalid_json_line", None, "is not valid JSON", id="cut off"),
        pytest.param(b"{} {}", "invalid_json_line", None, "at column 4", id="two in a line"),
        pytest.param(b"NaN", "invalid_json_line", None, "is not valid JSON", id="no JSON"),
        pytest.param(b"[]", "invalid_json_line", None, "is a list; each line is", id="a list"),
        pytest.param(b"3", "invalid_json_line", None, "is a number", id="a number"),
        pytest.param(b"null", "invalid_json_line", None, "is null", id="null"),
        pytest.param(b'{"a\x00', "invalid_json_line", None, "zero byte at byte 4", id="NUL"),
        pytest.param(b'{"\xff"}', "invalid_json_line", None, "UTF-8 from byte 3", id="no UTF-8"),
        pytest.param(
            b'"\\ud800"', "invalid_json_line", None, "is not valid JSON", id="half a letter"
        ),
        pytest.param(
            without("custom_id"),
            "missing_required_parameter",
            "custom_id",
            "has no 'custom_id'; it needs 'custom_id', 'method', 'url' and 'body'",
            id="no custom_id",
        ),
        pytest.param(
            {**without("custom_id"), "costum_id": "a"},
            "missing_required_parameter",
            "custom_id",
            "has no 'custom_id', and has 'costum_id'",
            id="misspelt",
        ),
        pytest.param(without("body"), "missing_required_parameter", "body", "'body'", id="no body"),
        pytest.param(
            {**GOOD, "priority": 1}, "unknown_parameter", "priority", "has 'priority'", id="unknown"
        ),
        pytest.param(
            {**GOOD, "custom_id": 3},
            "invalid_custom_id",
            "custom_id",
            "is a number",
            id="number id",
        ),
        pytest.param(
            {**GOOD, "custom_id": ""}, "invalid_custom_id", "custom_id", "has 0", id="empty id"
        ),
        pytest.param(
            {**GOOD, "custom_id": "x" * 513}, "invalid_custom_id", "custom_id", "513", id="long id"
        ),
        pytest.param({**GOOD, "method": "GET"}, "invalid_method", "method", "'GET'", id="GET"),
        pytest.param({**GOOD, "method": None}, "invalid_method", "method", "null", id="no method"),
        pytest.param(
            {**GOOD, "url": "/v1/images"},
            "invalid_url",
            "url",
            "'url' is '/v1/images'; allowed are '/v1/chat/completions', '/v1/completions' and",
            id="url",
        ),
        pytest.param({**GOOD, "url": ["a"]}, "invalid_url", "url", "is a list", id="url a list"),
        pytest.param({**GOOD, "body": "{}"}, "invalid_body", "body", "is a text", id="text body"),
    ],
)
def test_what_is_no_request_is_a_fault_of_its_line(given, code, param, message):
    fault = parsed(given)

    assert isinstance(fault, BatchFault)
    assert (fault.code, fault.line, fault.param) == (code, 7, param)
    assert message in fault.message


def test_a_line_for_another_endpoint_than_the_batch_names_both():
    fault = parsed(GOOD, endpoint="/v1/embeddings")

    assert (fault.code, fault.param) == ("invalid_url", "url")
    assert fault.message == "'url' is '/v1/chat/completions'; the batch is for '/v1/embeddings'"
    assert isinstance(parsed(GOOD, endpoint="/v1/chat/completions"), Line)


@pytest.mark.parametrize("bomb", [b"[" * 10_000_000, b'{"a":' * 100_000, b'[{"a":' * 99_999])
def test_a_nesting_bomb_is_a_fault(bomb):
    fault = parsed(bomb)

    assert (fault.code, fault.line) == ("invalid_json_line", 7)
    assert "depth limit exceeded" in fault.message


def test_many_brackets_beside_one_another_or_in_texts_are_no_bomb():
    wide = {**GOOD, "body": {"a": [[]] * 1000, "b": "[{" * 1000, 'c"[': '\\"[' * 1000}}

    assert isinstance(parsed(wide), Line)


def test_a_body_too_deep_to_be_passed_on_is_a_fault_of_the_body():
    nested = b"[" * 900 + b"]" * 900
    line = orjson.dumps({**GOOD, "body": {"model": "x"}}).replace(b'"x"', nested)

    fault = parsed(line)

    assert (fault.code, fault.param) == ("invalid_body", "body")
    assert fault.message == "'body' has too many lists and objects inside one another"


def test_of_a_key_that_is_there_twice_the_last_counts():
    line = orjson.dumps(GOOD)[:-1] + b',"custom_id":"b"}'

    assert parsed(line).custom_id == "b"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(st.binary(max_size=200) | st.builds(orjson.dumps, JSON))
def test_whatever_a_line_holds_it_is_a_fault_and_no_error(data):
    found = parsed(data)

    assert isinstance(found, BatchFault)
    assert found.line == 7


@given(st.fixed_dictionaries({key: JSON | st.just(value) for key, value in GOOD.items()}))
def test_whatever_the_fields_hold_they_make_a_line_or_a_fault(fields):
    found = parsed(fields)

    assert isinstance(found, Line | BatchFault)
    if isinstance(found, Line):
        assert orjson.loads(found.body) == fields["body"]

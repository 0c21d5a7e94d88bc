import json

import pytest

from bench.schema_hooks import is_form_of_lists, says_which_parameter


def refusal(**changes: object) -> bytes:
    error = {
        "message": "no images",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "x",
    }
    return json.dumps({"error": {**error, **changes}}).encode()


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, refusal()),
        (422, refusal()),
        (400, refusal(param=None)),
        (400, refusal(param="")),
        (400, refusal(message="")),
        (400, b'{"error": {"message": "no", "param": "n"}}'),
        (400, b'{"error": "no"}'),
        (400, b'{"detail": "no"}'),
        (400, b"[]"),
        (400, b"<html>"),
    ],
    ids=str,
)
def test_other_refusals_of_what_is_allowed_are_failures(status, content):
    assert not says_which_parameter(status, content)


@pytest.mark.parametrize("changes", [{}, {"param": None, "faults": [{"line": 1}]}], ids=str)
def test_a_refusal_may_say_what_no_schema_can_where_it_names_the_place(changes):
    assert says_which_parameter(400, refusal(**changes))


def test_lists_are_texts_in_forms_and_nowhere_else():
    assert is_form_of_lists("multipart/form-data", {"seconds": [1]})
    assert not is_form_of_lists("multipart/form-data", {"seconds": "1"})
    assert not is_form_of_lists("application/json", {"seconds": [1]})

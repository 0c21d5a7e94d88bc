import pytest

from orchestrator.api.faults import parse
from orchestrator.api.requests import ChatRequest, CompletionRequest
from orchestrator.errors import InvalidRequestError

START = '{"model": "auto", "messages": [{"role": "user", "content": "hi"}]'
IMAGE = '{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}'

CHAT_FAULTS = {
    "empty": ("", None, "not valid JSON: EOF while parsing a value at line 1 column 0"),
    "cut": ('{"model": ', None, "not valid JSON: EOF .* at line 1 column 10"),
    "not utf-8": (b"\xff", None, "not valid JSON"),
    "deep": ("[" * 5000, None, "recursion limit"),
    "array": ("[1]", None, "must be a JSON object, not an array"),
    "missing": ('{"messages": []}', "model", "'model' is required"),
    "range": (START + ', "temperature": 3}', "temperature", "is 3; allowed: 0 to 2"),
    "below range": (START + ', "n": 0}', "n", "'n' is 0; allowed: 1 to 128"),
    "type": (START + ', "n": "two"}', "n", "'n' is 'two'; input should be a valid integer"),
    "no coercion": (START + ', "temperature": "1"}', "temperature", "valid number"),
    "not finite": (START + ', "temperature": NaN}', "temperature", "finite number"),
    "choice": (START + ', "tool_choice": "maybe"}', "tool_choice", "allowed: 'none', 'auto'"),
    "bias": (START + ', "logit_bias": {"5": 200}}', "logit_bias.5", "is 200"),
    "stops": (START + ', "stop": ["a", ""]}', r"stop[1]", "at least 1 character"),
    "role": ('{"model": "a", "messages": [{"role": "boss"}]}', "messages[0].role", "'developer'"),
    "part": (
        '{"model": "a", "messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}',
        "messages[0].content[0]",
        "has type 'input_audio'; allowed: 'text', 'image_url'",
    ),
    "untyped part": (
        '{"model": "a", "messages": [{"role": "user", "content": [{"text": "x"}]}]}',
        "messages[0].content[0]",
        "needs a 'type'",
    ),
    "image url": (
        '{"model": "a", "messages": [{"role": "user", "content": [' + IMAGE + "]}]}",
        "messages[0].content[0].image_url.url",
        "https",
    ),
    "nested key": (
        '{"model": "a", "messages": [{"role": "user", "contents": "x"}]}',
        "messages[0].contents",
        "did you mean 'content'",
    ),
    "format": (START + ', "response_format": {"type": "xml"}}', "response_format", "json_schema"),
}


@pytest.mark.parametrize(("body", "param", "message"), CHAT_FAULTS.values(), ids=CHAT_FAULTS)
def test_a_faulty_chat_request_is_told_what_where_and_what_is_allowed(body, param, message):
    raw = body if isinstance(body, bytes) else body.encode()

    with pytest.raises(InvalidRequestError, match=message) as caught:
        parse(ChatRequest, raw)

    assert caught.value.param == param


COMPLETION_FAULTS = {
    "no prompt": ("null", "prompt", "'prompt' is null"),
    "true": ("true", "prompt", "'prompt' is true"),
    "negative id": ("[1, -1]", "prompt[1]", "is -1; allowed: at least 0"),
    "mixed": ('["a", 1]', "prompt[1]", "is 1; input should be a valid string"),
    "fraction": ("[1.5]", "prompt[0]", "valid integer"),
}


@pytest.mark.parametrize(
    ("prompt", "param", "message"), COMPLETION_FAULTS.values(), ids=COMPLETION_FAULTS
)
def test_a_faulty_prompt_is_told_its_place(prompt, param, message):
    with pytest.raises(InvalidRequestError, match=message) as caught:
        parse(CompletionRequest, f'{{"model": "a", "prompt": {prompt}}}'.encode())

    assert caught.value.param == param


def test_null_means_not_given():
    body = START + ', "temperature": null, "stop": null, "tools": null, "n": null, "seed": null}'

    assert parse(ChatRequest, body.encode()).temperature is None

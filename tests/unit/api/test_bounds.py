import pytest

from orchestrator.api.bounds import Bounds
from orchestrator.api.settings import ApiSettings
from tests.served import Service, fault

SMALL = Bounds(max_choices=2, max_output_tokens=100, max_turns=3, max_parts=4, max_biases=1)
HELLO = {"role": "user", "content": "hi"}
TEXT = {"type": "text", "text": "a"}

CHATS = {
    "n": ({"n": 3}, "n", "'n' is 3; this service allows 2 at most"),
    "max_tokens": ({"max_tokens": 101}, "max_tokens", "is 101; this service allows 100"),
    "max_completion_tokens": (
        {"max_completion_tokens": 101},
        "max_completion_tokens",
        "is 101; this service allows 100",
    ),
    "messages": ({"messages": [HELLO] * 4}, "messages", "has 4 entries; this service allows 3"),
    "parts": (
        {"messages": [{"role": "user", "content": [TEXT] * 5}]},
        "messages[].content",
        "has 5 entries; this service allows 4",
    ),
    "biases": ({"logit_bias": {"1": 1, "2": 1}}, "logit_bias", "has 2 entries"),
}


def small() -> Service:
    return Service(settings=ApiSettings(bounds=SMALL))


@pytest.mark.parametrize(("more", "param", "why"), CHATS.values(), ids=CHATS)
async def test_a_chat_that_asks_for_more_than_allowed_is_told_field_and_bound(more, param, why):
    body = {"model": "math", "messages": [HELLO], **more}

    response = await small().post("/v1/chat/completions", **body)

    assert response.status_code == 400
    assert fault(response)["param"] == param
    assert why in fault(response)["message"]


async def test_a_chat_at_every_bound_is_answered():
    parts = {"role": "user", "content": [TEXT, TEXT]}
    body = {"messages": [HELLO, HELLO, parts], "n": 2, "max_tokens": 100, "logit_bias": {"1": 1}}

    response = await small().post("/v1/chat/completions", model="math", **body)

    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/completions", {"prompt": "a", "n": 3}, "n"),
        ("/v1/responses", {"input": [HELLO] * 4}, "input"),
        ("/v1/responses", {"input": "a", "max_output_tokens": 101}, "max_output_tokens"),
        ("/v1/route", {"messages": [HELLO] * 4}, "messages"),
    ],
)
async def test_other_endpoints_have_the_same_bounds(path, body, param):
    response = await small().post(path, model="math", **body)

    assert response.status_code == 400
    assert fault(response)["param"] == param


async def test_a_body_of_many_levels_is_told_how_many_are_allowed():
    schema = "[" * 300 + "]" * 300
    body = f'{{"model": "math", "messages": [], "tools": {schema}}}'

    async with Service().client() as client:
        response = await client.post("/v1/chat/completions", content=body)

    assert response.status_code == 400
    assert "deeper than the 200 levels" in fault(response)["message"]

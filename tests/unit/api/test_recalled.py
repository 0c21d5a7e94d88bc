"""Known answers through the endpoint: told without an expert, and only where that answers."""

import json

import pytest

from orchestrator.api.wishes import FRESH
from orchestrator.compositions.programs import Programs
from orchestrator.engines.fake import FakeEngine
from routers.recall import Answer, Memory, RecallRouter
from tests.served import REGISTRY, PreferenceRouter, Service, events, fault

KNOWN = Answer(question="1+1?", answer="two", sources=("math",))
USER = {"role": "user", "content": "1+1?"}


def service():
    engine = FakeEngine("{expert}")
    router = RecallRouter(
        fitted="r1",
        memory=Memory.of([KNOWN]),
        least_likeness=None,
        then=PreferenceRouter("math", "painter"),
    )
    programs = Programs(REGISTRY, generation=7, routers={"topic": router}, dispatch=engine)
    return Service(engine=engine, live=lambda: programs)


def said(response):
    return response.json()["choices"][0]["message"]["content"]


async def test_a_known_answer_is_told_and_no_expert_is_asked():
    asked = service()

    response = await asked.chat()

    assert said(response) == "two"
    assert response.json()["choices"][0]["finish_reason"] == "stop"
    assert response.json()["usage"]["total_tokens"] == 0
    assert not asked.engine.calls


async def test_headers_and_record_say_that_it_was_known():
    asked = service()

    response = await asked.chat()
    record = await asked.last_record()

    assert response.headers["x-orchestrator-recalled"] == "true"
    assert response.headers["x-orchestrator-router"] == "topic@r1+v1"
    assert float(response.headers["x-orchestrator-cost-usd"]) == 0
    assert "x-orchestrator-expert" not in response.headers
    assert (record.expert, record.is_recalled, record.status) == (None, True, 200)


async def test_a_stream_tells_it_in_one_chunk():
    response = await service().chat(stream=True, stream_options={"include_usage": True})

    *chunks, done = events(response)
    texts = [
        choice["delta"].get("content")
        for chunk in map(json.loads, chunks)
        for choice in chunk["choices"]
    ]
    assert done == "[DONE]"
    assert "".join(text for text in texts if text) == "two"
    assert json.loads(chunks[-1])["usage"]["total_tokens"] == 0


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions"])
async def test_every_chat_endpoint_knows_it(path):
    body = {"input": "1+1?"} if path == "/v1/responses" else {"messages": [USER]}

    response = await service().post(path, model="auto", **body)

    assert "two" in response.text


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(
            {"messages": [{"role": "system", "content": "In French."}, USER]}, id="system"
        ),
        pytest.param({"messages": [USER, {"role": "assistant", "content": "?"}, USER]}, id="turns"),
        pytest.param({"n": 2}, id="n"),
        pytest.param({"stop": ["w"]}, id="stop"),
        pytest.param({"logprobs": True}, id="logprobs"),
        pytest.param({"presence_penalty": 1.0}, id="penalty"),
        pytest.param({"response_format": {"type": "json_object"}}, id="form"),
        pytest.param({"max_tokens": 2}, id="no room"),
        pytest.param(
            {"tools": [{"type": "function", "function": {"name": "add", "parameters": {}}}]},
            id="tools",
        ),
    ],
)
async def test_what_asks_for_more_than_an_answer_to_the_text_goes_to_an_expert(more):
    response = await service().chat(**more)

    assert said(response) == "math"
    assert "x-orchestrator-recalled" not in response.headers


@pytest.mark.parametrize("more", [{"temperature": 1.0}, {"seed": 3}, {"max_tokens": 3}], ids=str)
async def test_how_tokens_would_be_drawn_changes_nothing(more):
    assert said(await service().chat(**more)) == "two"


async def test_raw_text_is_continued_by_an_expert():
    response = await service().post("/v1/completions", model="auto", prompt="1+1?")

    assert response.json()["choices"][0]["text"] == "math"


async def test_a_named_expert_answers_itself():
    assert said(await service().chat(model="painter")) == "painter"


@pytest.mark.parametrize(
    ("fresh", "answer"), [("true", "math"), ("True", "math"), ("false", "two")]
)
async def test_a_caller_may_ask_for_a_fresh_answer(fresh, answer):
    async with service().client() as client:
        response = await client.post(
            "/v1/chat/completions",
            headers={FRESH: fresh},
            json={"model": "auto", "messages": [USER]},
        )

    assert said(response) == answer


async def test_another_wish_than_true_or_false_is_refused():
    async with service().client() as client:
        response = await client.post(
            "/v1/chat/completions",
            headers={FRESH: "maybe"},
            json={"model": "auto", "messages": [USER]},
        )

    assert response.status_code == 400
    assert "true or false" in fault(response)["message"]


@pytest.mark.parametrize(("fresh", "answer"), [("false", "two"), ("true", None)])
async def test_asking_for_the_route_shows_the_known_answer(fresh, answer):
    async with service().client() as client:
        response = await client.post("/v1/route", headers={FRESH: fresh}, json={"messages": [USER]})

    assert response.json()["answer"] == answer
    assert response.json()["chosen"][0] == "math"

import asyncio

import pytest
from aiohttp import web

from orchestrator.engines import openai
from orchestrator.engines.base import Call, Chat, Message, Sampling, TextPart, ToolCall
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.openai import OpenAIEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    BadCredentialsError,
    ContextTooLongError,
    EngineDeadError,
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    InvalidRequestError,
    OverloadedError,
)
from orchestrator.registry.models import Expert
from tests.integration.engines.upstream import front, serving

pytestmark = pytest.mark.integration

KEY = "sk-very-secret"
OK = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'


def engine(url: str, *, timeout_s: float = 5.0) -> OpenAIEngine:
    spec = {"kind": "openai", "base_url": url, "model": "m", "timeout_s": timeout_s}
    return OpenAIEngine(Expert(id="remote", engine=spec), api_key=KEY)


def call(**fields) -> Call:
    chat = Chat(messages=(Message(role="user", content=(TextPart(text="hi"),)),))
    return Call(id="c", expert="remote", generation=1, prompt=chat, **fields)


async def asked(handle, *, timeout_s: float = 5.0, **fields):
    async with serving(handle) as url:
        subject = engine(url, timeout_s=timeout_s)
        try:
            return await collect(subject.generate(call(**fields)))
        finally:
            await subject.close()


def saying(status: int, text: str, **headers: str):
    async def handle(_):
        return web.Response(status=status, text=text, headers=headers)

    return handle


def streaming(*pieces: bytes, stalls: bool = False):
    async def handle(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        if stalls:
            await asyncio.Event().wait()
        return response

    return handle


@pytest.mark.parametrize(
    ("status", "text", "error", "message"),
    [
        (401, f"bad key {KEY}", BadCredentialsError, "api_key_env"),
        (403, "{}", BadCredentialsError, "403"),
        (429, '{"error": {"message": "slow down"}}', OverloadedError, "slow down"),
        (400, '{"error": {"message": "x", "code": "context_length_exceeded"}}',
         ContextTooLongError, "400"),
        (400, '{"error": {"message": "maximum context length is 5"}}', ContextTooLongError, "is 5"),
        (400, '{"message": "temperature too hot"}', InvalidRequestError, "too hot"),
        (404, '{"detail": "no such model"}', InvalidRequestError, "no such model"),
        (500, "<html>oops", EngineError, "oops"),
        (503, "", OverloadedError, "503"),
        (504, "", EngineTimeoutError, "504"),
        (302, "", EngineProtocolError, "302"),
    ],
)  # fmt: skip
async def test_a_refusal_becomes_an_error_of_ours(status, text, error, message):
    with pytest.raises(error, match=message) as caught:
        await asked(saying(status, text))

    assert type(caught.value) is error
    assert KEY not in str(caught.value)
    assert "'remote'" in str(caught.value)


async def test_an_upstream_that_repeats_our_key_is_blotted_out():
    with pytest.raises(InvalidRequestError) as caught:
        await asked(saying(400, f'{{"error": {{"message": "key {KEY} is poor"}}}}'))

    assert "key *** is poor" in str(caught.value)


async def test_retry_after_is_passed_on():
    with pytest.raises(OverloadedError) as caught:
        await asked(saying(429, "", **{"Retry-After": "7"}))

    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        pytest.param([b"data: {nonsense\n\n"], "no JSON", id="malformed"),
        pytest.param([b"data: [1]\n\n"], "no JSON object", id="not an object"),
        pytest.param([b'data: {"choices": 5}\n\n'], "malformed", id="other form"),
        pytest.param([OK.replace(b'"stop"', b"null")], "0 of 1 choices ended", id="cut"),
        pytest.param([b"data: [DONE]\n\n"], "0 of 1 choices ended", id="empty"),
        pytest.param([OK.replace(b"stop", b"tired")], "malformed.*tired", id="unknown end"),
    ],
)
async def test_what_is_not_the_protocol_is_said_so(pieces, message):
    with pytest.raises(EngineProtocolError, match=message):
        await asked(streaming(*pieces))


async def test_an_error_in_the_stream_is_raised():
    with pytest.raises(OverloadedError, match="while it answered: busy"):
        await asked(streaming(b'data: {"error": {"message": "busy", "code": 503}}\n\n'))


async def test_a_stream_may_be_split_anywhere_and_lack_done_and_usage():
    answer = await asked(streaming(*[OK[place : place + 1] for place in range(len(OK))]))

    assert answer.choices[0].text == "hi"


async def test_a_stalled_upstream_times_out():
    with pytest.raises(EngineTimeoutError, match="'remote'"):
        await asked(streaming(OK.replace(b'"stop"', b"null"), stalls=True), timeout_s=0.05)


async def test_a_refused_connection_is_a_dead_engine():
    async with serving(saying(200, "")) as url:
        pass
    subject = engine(url)

    with pytest.raises(EngineDeadError, match="cannot be reached"):
        await collect(subject.generate(call()))
    await subject.close()


async def test_closing_ends_calls_in_flight_and_later_ones():
    source = FakeEngine(gate=asyncio.Event())
    async with serving(front(source)) as url:
        subject = engine(url)
        reading = asyncio.create_task(collect(subject.generate(call())))
        await source.arrived.wait()

        await subject.close()

        with pytest.raises(EngineDeadError, match="closed"):
            await reading
        with pytest.raises(EngineDeadError, match="closed"):
            await collect(subject.generate(call()))


@pytest.mark.parametrize("stream", [True, False])
async def test_reasoning_and_tool_calls_come_through(stream):
    made = ToolCall(id="t1", name="add", arguments='{"a": 1}')
    source = FakeEngine(script=lambda _: Script(says="", reasoning="hm", tool_calls=(made,)))

    answer = await asked(front(source), stream=stream)

    assert answer.choices[0].tool_calls == (made,)
    assert answer.choices[0].reasoning == "hm"
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_the_key_and_the_sampling_reach_the_upstream():
    seen = {}

    async def handle(request):
        seen.update(await request.json(), key=request.headers["Authorization"])
        return await streaming(OK)(request)

    await asked(handle, sampling=Sampling(temperature=0.5, stop=("x",), logit_bias={5: 1.0}))

    assert seen["key"] == f"Bearer {KEY}"
    assert (seen["model"], seen["temperature"], seen["stop"]) == ("m", 0.5, ["x"])
    assert seen["logit_bias"] == {"5": 1.0}


async def test_a_whole_answer_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(openai, "MAX_ANSWER_BYTES", 100)

    with pytest.raises(EngineProtocolError, match="longer than 100 bytes"):
        await asked(streaming(b"{", b" " * 100), stream=False)

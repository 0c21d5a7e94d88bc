import asyncio
import json

import pytest
from aiohttp import web

from orchestrator.engines.base import (
    Call,
    Chat,
    ImagePart,
    Message,
    Sampling,
    Structure,
    Text,
    TextPart,
    Tool,
    ToolCall,
)
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.litellm import LitellmEngine
from orchestrator.engines.litellm_sdk import importing
from orchestrator.engines.remote import remote_engine
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    BadCredentialsError,
    ContentPolicyError,
    ContextTooLongError,
    EngineDeadError,
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    InvalidRequestError,
    MissingExtraError,
    OverloadedError,
    UnsupportedParameterError,
)
from orchestrator.registry.models import Expert
from tests.integration.engines.anthropic import messages
from tests.integration.engines.upstream import front, serving

pytestmark = pytest.mark.integration

KEY = "sk-very-secret"
CLAUDE = "anthropic/claude-haiku-4-5"
CHAT = Chat(messages=(Message(role="user", content=(TextPart(text="hi"),)),))
TOOL = Tool(name="add", parameters={"type": "object", "properties": {"a": {"type": "integer"}}})
CUT = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n'


def call(**fields) -> Call:
    return Call(**({"id": "c", "expert": "hosted", "generation": 1, "prompt": CHAT} | fields))


def engine(url: str, *, model: str = "openai/m", timeout_s: float = 5.0) -> LitellmEngine:
    spec = {"kind": "litellm", "base_url": url, "model": model, "timeout_s": timeout_s}
    return LitellmEngine(Expert(id="hosted", engine=spec), api_key=KEY)


async def asked(handle, *, model: str = "openai/m", timeout_s: float = 5.0, **fields):
    async with serving(handle) as url:
        root = url.removesuffix("/v1") if model == CLAUDE else url
        subject = engine(root, model=model, timeout_s=timeout_s)
        try:
            return await collect(subject.generate(call(**fields)))
        finally:
            await subject.close()


def saying(status: int, text: str, **headers: str):
    async def handle(_):
        return web.Response(
            status=status, text=text, headers=headers, content_type="application/json"
        )

    return handle


def streaming(*pieces: bytes, stalls: bool = False):
    async def handle(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        if stalls:
            await asyncio.Event().wait()
        return response

    return handle


def refusing(message: str, **fields: str) -> str:
    return json.dumps({"error": {"message": message, **fields}})


@pytest.mark.parametrize(
    ("status", "text", "error", "message"),
    [
        (401, f"bad key {KEY}", BadCredentialsError, "api_key_env"),
        (402, "{}", BadCredentialsError, "402"),
        (403, "{}", BadCredentialsError, "403"),
        (429, refusing("slow down"), OverloadedError, "slow down"),
        (400, refusing("x", code="context_length_exceeded"), ContextTooLongError, "x"),
        (400, refusing("maximum context length is 5"), ContextTooLongError, "is 5"),
        (400, refusing("no", code="content_policy_violation"), ContentPolicyError, "no"),
        (400, refusing("temperature too hot"), InvalidRequestError, "too hot"),
        (404, refusing("no such model"), InvalidRequestError, "no such model"),
        (500, refusing("oops"), EngineError, "oops"),
        (502, "", EngineError, "502"),
        (503, "", OverloadedError, "503"),
        (504, "", EngineTimeoutError, "no answer in time"),
        (200, "nonsense", EngineProtocolError, "no end"),
    ],
)
async def test_a_refusal_becomes_an_error_of_ours(status, text, error, message):
    with pytest.raises(error, match=message) as caught:
        await asked(saying(status, text))

    assert type(caught.value) is error
    assert "'hosted'" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("model", ["openai/m", CLAUDE])
async def test_a_provider_that_repeats_our_key_is_blotted_out(model):
    with pytest.raises(InvalidRequestError) as caught:
        await asked(saying(400, refusing(f"key {KEY} is poor")), model=model)

    assert "key *** is poor" in str(caught.value)


@pytest.mark.parametrize("model", ["openai/m", CLAUDE])
async def test_retry_after_is_passed_on(model):
    with pytest.raises(OverloadedError) as caught:
        await asked(saying(429, refusing("slow"), **{"Retry-After": "7"}), model=model)

    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (401, refusing("bad", type="authentication_error"), BadCredentialsError),
        (400, refusing("prompt is too long: 9 tokens > 5 maximum"), ContextTooLongError),
        (529, refusing("Overloaded", type="overloaded_error"), OverloadedError),
        (500, refusing("oops", type="api_error"), EngineError),
    ],
)
async def test_another_protocol_s_refusals_are_understood(status, text, error):
    with pytest.raises(error, match="'hosted'") as caught:
        await asked(saying(status, text), model=CLAUDE)

    assert type(caught.value) is error


@pytest.mark.parametrize("stream", [True, False])
async def test_another_protocol_is_translated_both_ways(stream):
    seen = []
    says = messages({"type": "text", "text": "four, I think"}, seen=seen)
    told = Message(role="system", content=(TextPart(text="be brief"),))
    chat = Chat(messages=(told, *CHAT.messages))

    answer = await asked(says, model=CLAUDE, prompt=chat, stream=stream)

    (path, headers, body) = seen[0]
    assert (path, headers["x-api-key"]) == ("/v1/messages", KEY)
    assert body["system"] == [{"type": "text", "text": "be brief"}]
    assert answer.choices[0].text == "four, I think"
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 7)


async def test_raw_text_reaches_another_protocol_as_one_turn():
    seen = []
    says = messages({"type": "text", "text": " world"}, seen=seen)

    answer = await asked(says, model=CLAUDE, prompt=Text(text="hello"), echo=True)

    assert seen[0][2]["messages"][0]["role"] == "user"
    assert answer.choices[0].text == "hello world"
    assert answer.usage.completion_tokens == 7


async def test_an_image_reaches_another_protocol():
    seen = []
    image = ImagePart(url="data:image/png;base64,iVBORw0KGgo=")
    chat = Chat(messages=(Message(role="user", content=(TextPart(text="what?"), image)),))

    await asked(messages({"type": "text", "text": "a dot"}, seen=seen), model=CLAUDE, prompt=chat)

    assert seen[0][2]["messages"][0]["content"][1]["type"] == "image"


@pytest.mark.parametrize("stream", [True, False])
async def test_tools_and_reasoning_of_another_protocol_come_through(stream):
    thought = {"type": "thinking", "thinking": "add them", "signature": "s"}
    use = {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}
    chat = Chat(messages=CHAT.messages, tools=(TOOL,), tool_choice="required")

    answer = await asked(
        messages(thought, use, stop_reason="tool_use"), model=CLAUDE, prompt=chat, stream=stream
    )

    (made,) = answer.choices[0].tool_calls
    assert (made.id, made.name, json.loads(made.arguments)) == ("t1", "add", {"a": 1})
    assert answer.choices[0].reasoning == "add them"
    assert answer.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("stream", [True, False])
async def test_what_a_known_model_costs_is_counted(stream):
    answer = await asked(messages({"type": "text", "text": "four"}), model=CLAUDE, stream=stream)

    # 11 tokens at 1 USD and 7 at 5 USD a million.
    assert answer.usage.cost_usd == pytest.approx((11 * 1 + 7 * 5) / 1e6)


@pytest.mark.parametrize("stream", [True, False])
async def test_what_an_unknown_model_costs_is_not_made_up(stream):
    answer = await asked(front(FakeEngine("four")), model="openai/nobody-s", stream=stream)

    assert answer.usage.cost_usd is None


@pytest.mark.parametrize("model", ["openai/m", CLAUDE])
async def test_a_cut_stream_is_said_so(model):
    handle = streaming(CUT) if model != CLAUDE else messages(
        {"type": "text", "text": "four"}, stop_reason=None
    )  # fmt: skip

    with pytest.raises(EngineProtocolError, match="cut its answer"):
        await asked(handle, model=model)


async def test_a_stalled_provider_times_out():
    with pytest.raises(EngineTimeoutError, match="'hosted'"):
        await asked(streaming(CUT, stalls=True), timeout_s=0.2)


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


async def test_closing_ends_a_stream_that_nobody_waits_for():
    async with serving(streaming(CUT, stalls=True)) as url:
        subject = engine(url)
        chunks = subject.generate(call())
        await anext(chunks)

        await subject.close()

        with pytest.raises(EngineDeadError, match="closed"):
            await anext(chunks)


async def test_a_call_that_is_late_already_is_a_timeout():
    async with serving(streaming(CUT, stalls=True)) as url:
        subject = engine(url)
        with pytest.raises(EngineTimeoutError, match="'hosted'"):
            await collect(subject.generate(call(timeout_s=0.0)))
        await subject.close()


@pytest.mark.parametrize("stream", [True, False])
async def test_reasoning_and_tool_calls_come_through(stream):
    made = ToolCall(id="t1", name="add", arguments='{"a": 1}')
    source = FakeEngine(script=lambda _: Script(says="", reasoning="hm", tool_calls=(made,)))

    answer = await asked(front(source), stream=stream)

    assert answer.choices[0].tool_calls == (made,)
    assert answer.choices[0].reasoning == "hm"
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_sampling_and_structure_reach_the_provider():
    seen = {}

    async def handle(request):
        seen.update(await request.json())
        return await front(FakeEngine("{}"))(request)

    form = Structure(kind="json_schema", schema={"type": "object"}, name="form")
    await asked(handle, sampling=Sampling(temperature=0.5, seed=3, stop=("x",)), structure=form)

    assert (seen["temperature"], seen["seed"], seen["stop"]) == (0.5, 3, ["x"])
    assert seen["response_format"]["json_schema"]["name"] == "form"


@pytest.mark.parametrize(
    ("sampling", "name"),
    [(Sampling(n=2), "n"), (Sampling(seed=1), "seed"), (Sampling(top_logprobs=0), "logprobs")],
)
async def test_what_a_provider_lacks_is_refused_by_name(sampling, name):
    with pytest.raises(UnsupportedParameterError, match=f"'{name}'") as caught:
        await asked(messages(), model=CLAUDE, sampling=sampling)

    assert caught.value.param == name


async def test_token_ids_are_refused():
    with pytest.raises(UnsupportedParameterError, match="another vocabulary"):
        await asked(saying(200, ""), prompt=Text(token_ids=(1, 2)))


async def test_a_provider_nobody_knows_is_the_registry_s_fault():
    with pytest.raises(BadCredentialsError, match="'provider/model'"):
        await asked(saying(200, ""), model="nobody/knows")


async def test_the_key_that_the_registry_names_is_sent():
    seen = {}

    async def handle(request):
        seen.update(request.headers)
        return await front(FakeEngine("hi"))(request)

    async with serving(handle) as url:
        spec = {"kind": "litellm", "base_url": url, "model": "openai/m", "api_key_env": "UP_KEY"}
        subject = remote_engine(Expert(id="hosted", engine=spec), {"UP_KEY": KEY})
        await collect(subject.generate(call()))
        await subject.close()

    assert seen["Authorization"] == f"Bearer {KEY}"


async def test_experts_of_one_process_share_their_connections():
    async with serving(front(FakeEngine("hi"))) as url:
        first, second = engine(url), engine(url)
        await collect(first.generate(call()))

        await first.close()

        assert (await collect(second.generate(call()))).choices[0].text == "hi"
        await second.close()


def test_a_missing_sdk_names_the_extra():
    with pytest.raises(MissingExtraError, match="'remote'"):
        importing("litellm_that_is_not_there")

"""The official client over a real socket: what it reads must be what OpenAI would send."""

import asyncio
from contextlib import asynccontextmanager

import openai
import pytest
from openai import AsyncOpenAI
from openai.types import CompletionUsage

from orchestrator.engines.base import Text, ToolCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.fake_vectors import fake_vector
from orchestrator.engines.scripts import Script
from orchestrator.errors import BadCredentialsError, EngineDeadError, ExpertUnavailableError
from tests.served import Service, running

pytestmark = pytest.mark.integration

MESSAGES = [{"role": "user", "content": "1+1?"}]
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]


@asynccontextmanager
async def client_of(engine: FakeEngine):
    async with (
        running(Service(engine=engine)) as url,
        AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


async def read(stream) -> list:
    return [event async for event in stream]


async def test_a_chat():
    async with client_of(FakeEngine("{expert}: {prompt}")) as client:
        answer = await client.chat.completions.create(model="auto", messages=MESSAGES)

    assert answer.choices[0].message.content == "math: 1+1?"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == "auto"
    assert answer.system_fingerprint == "generation-7"
    assert isinstance(answer.usage, CompletionUsage)
    assert answer._request_id.startswith("req-")


async def test_a_streamed_chat_with_usage():
    async with client_of(FakeEngine("one two three")) as client:
        events = await read(
            await client.chat.completions.create(
                model="math",
                messages=MESSAGES,
                stream=True,
                stream_options={"include_usage": True},
            )
        )

    text = [event.choices[0].delta.content or "" for event in events[:-1]]
    assert "".join(text) == "one two three"
    assert events[0].choices[0].delta.role == "assistant"
    assert [e.choices[0].finish_reason for e in events[:-1]][-1] == "stop"
    assert events[-1].choices == []
    assert events[-1].usage.completion_tokens == 3


async def test_the_client_s_own_stream_adds_up():
    async with (
        client_of(FakeEngine(("one", "two"))) as client,
        client.chat.completions.stream(model="math", messages=MESSAGES, n=2) as stream,
    ):
        answer = await stream.get_final_completion()

    assert [choice.message.content for choice in answer.choices] == ["one", "two"]


async def test_two_choices():
    async with client_of(FakeEngine(("one", "two"))) as client:
        answer = await client.chat.completions.create(model="math", messages=MESSAGES, n=2)

    assert [(c.index, c.message.content) for c in answer.choices] == [(0, "one"), (1, "two")]


async def test_logprobs():
    async with client_of(FakeEngine("one two")) as client:
        answer = await client.chat.completions.create(
            model="math", messages=MESSAGES, logprobs=True, top_logprobs=1
        )

    tokens = answer.choices[0].logprobs.content
    assert [token.token for token in tokens] == ["one", " two"]
    assert all(token.top_logprobs[0].logprob <= 0 for token in tokens)


def tool_engine() -> FakeEngine:
    call = ToolCall(id="call_1", name="add", arguments='{"a": 1}')
    return FakeEngine(script=lambda _: Script(says="", tool_calls=(call,)))


async def test_tools():
    async with client_of(tool_engine()) as client:
        answer = await client.chat.completions.create(model="math", messages=MESSAGES, tools=TOOLS)

    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.tool_calls[0].function.arguments == '{"a": 1}'


async def test_streamed_tools():
    async with (
        client_of(tool_engine()) as client,
        client.chat.completions.stream(model="math", messages=MESSAGES, tools=TOOLS) as stream,
    ):
        answer = await stream.get_final_completion()

    call = answer.choices[0].message.tool_calls[0]
    assert (call.id, call.function.name, call.function.arguments) == ("call_1", "add", '{"a": 1}')


async def test_an_answer_goes_back_as_the_next_turn():
    async with client_of(FakeEngine("two")) as client:
        first = await client.chat.completions.create(model="math", messages=MESSAGES)
        turns = [*MESSAGES, first.choices[0].message, {"role": "user", "content": "and 2+2?"}]
        second = await client.chat.completions.create(model="math", messages=turns)

    assert second.choices[0].message.content == "two"


async def test_a_completion_with_logprobs():
    async with client_of(FakeEngine("one two")) as client:
        answer = await client.completions.create(model="math", prompt="count", logprobs=1)

    assert answer.object == "text_completion"
    assert answer.choices[0].text == "one two"
    assert answer.choices[0].logprobs.text_offset == [0, 3]


async def test_a_streamed_completion():
    async with client_of(FakeEngine("one two")) as client:
        events = await read(
            await client.completions.create(model="math", prompt="count", stream=True)
        )

    assert "".join(event.choices[0].text for event in events) == "one two"


async def test_models():
    async with client_of(FakeEngine()) as client:
        listed = [model.id async for model in client.models.list()]
        shown = await client.models.retrieve("math")

    assert listed == ["auto", "math", "painter", "plain", "vectors"]
    assert shown.owned_by == "us"


async def test_errors_are_the_client_s_own():
    async with client_of(FakeEngine()) as client:
        with pytest.raises(openai.NotFoundError, match="nearest") as unknown:
            await client.chat.completions.create(model="mth", messages=MESSAGES)
        with pytest.raises(openai.BadRequestError, match="0 to 2") as range_fault:
            await client.chat.completions.create(model="math", messages=MESSAGES, temperature=3)
        with pytest.raises(openai.NotFoundError, match="nothing here moderates"):
            await client.moderations.create(input="hi")

    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    assert range_fault.value.param == "temperature"


@pytest.mark.parametrize(
    ("error", "status"),
    [(ExpertUnavailableError("all down"), 503), (BadCredentialsError("401"), 502)],
    ids=["down", "refused"],
)
async def test_failures_of_engines_are_server_errors(error, status):
    async with client_of(FakeEngine(fails=error)) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="math", messages=MESSAGES, stream=True)

    assert caught.value.status_code == status


async def test_a_broken_stream_raises():
    script = Script(says="one two", fails=EngineDeadError("the engine died"), fails_at=1)

    async with client_of(FakeEngine(script=lambda _: script)) as client:
        stream = await client.chat.completions.create(model="math", messages=MESSAGES, stream=True)
        with pytest.raises(openai.APIError, match="the engine died"):
            await read(stream)


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
async def test_a_client_that_gives_up_ends_the_generation(is_streamed):
    engine = FakeEngine(gate=asyncio.Event())

    async with client_of(engine) as client:
        asking = asyncio.create_task(
            client.chat.completions.create(model="math", messages=MESSAGES, stream=is_streamed)
        )
        await engine.arrived.wait()
        asking.cancel()
        await asyncio.wait_for(engine.hung_up.wait(), timeout=1)

    assert engine.num_in_flight == 0


async def test_a_client_that_leaves_a_stream_ends_the_generation():
    script = Script(says="one two", gate=asyncio.Event(), gate_at=1)
    engine = FakeEngine(script=lambda _: script)

    async with client_of(engine) as client:
        stream = await client.chat.completions.create(model="math", messages=MESSAGES, stream=True)
        await anext(aiter(stream))
        await stream.close()
        await asyncio.wait_for(engine.hung_up.wait(), timeout=1)

    assert engine.num_in_flight == 0


@pytest.mark.parametrize(
    "form", [{}, {"encoding_format": "float"}, {"encoding_format": "base64"}], ids=str
)
async def test_vectors_in_every_form_the_client_asks_for(form):
    async with client_of(FakeEngine()) as client:
        answer = await client.embeddings.create(model="vectors", input=["one two", "six"], **form)

    assert [one.index for one in answer.data] == [0, 1]
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == (
        "vectors", 3, 3,
    )  # fmt: skip
    if form != {"encoding_format": "base64"}:  # the client leaves that undecoded when asked for
        assert answer.data[1].embedding == pytest.approx(fake_vector(Text(text="six")).tolist())


async def test_token_ids_and_a_single_text_embed_too():
    async with client_of(FakeEngine()) as client:
        of_ids = await client.embeddings.create(model="vectors", input=[[1, 2], [3]])
        of_text = await client.embeddings.create(model="vectors", input="hello", user="u1")

    assert (len(of_ids.data), len(of_text.data)) == (2, 1)


async def test_a_composition_named_for_vectors_is_a_bad_request():
    async with client_of(FakeEngine()) as client:
        with pytest.raises(openai.BadRequestError, match="'auto' answers with text") as caught:
            await client.embeddings.create(model="auto", input="hello")

    assert caught.value.param == "model"

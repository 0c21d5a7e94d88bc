"""The official client's Responses over a real socket."""

import asyncio

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from orchestrator.engines.base import ToolCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from tests.integration.api.test_openai_client import client_of, read

pytestmark = pytest.mark.integration

ADD = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": False}


class Sum(BaseModel):
    value: int


def thinking_engine() -> FakeEngine:
    return FakeEngine(script=lambda _: Script(says="one two", reasoning="hm"))


def tool_engine() -> FakeEngine:
    call = ToolCall(id="call_1", name="add", arguments='{"a": 1}')
    return FakeEngine(script=lambda _: Script(says="", tool_calls=(call,)))


async def test_a_text_is_answered():
    async with client_of(FakeEngine("{expert}: {prompt}")) as client:
        answer = await client.responses.create(model="auto", input="1+1?")

    assert answer.output_text == "math: 1+1?"
    assert answer.id.startswith("resp_")
    assert answer.status == "completed"
    assert answer._request_id.startswith("req-")


async def test_events_come_as_they_are_made():
    async with client_of(FakeEngine("one two three")) as client:
        events = await read(await client.responses.create(model="math", input="count", stream=True))

    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == "one two three"
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")


async def test_the_client_s_own_stream_adds_up():
    async with (
        client_of(thinking_engine()) as client,
        client.responses.stream(model="math", input="count") as stream,
    ):
        answer = await stream.get_final_response()

    assert answer.output_text == "one two"
    assert answer.output[0].content[0].text == "hm"


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
async def test_a_function_is_called_and_its_result_goes_back(is_streamed):
    engine = tool_engine()
    asked = {"model": "math", "tools": [ADD]}
    first = [{"role": "user", "content": "1+2?"}]

    async with client_of(engine) as client:
        if is_streamed:
            async with client.responses.stream(input=first, **asked) as stream:
                answer = await stream.get_final_response()
        else:
            answer = await client.responses.create(input=first, **asked)
        (made,) = answer.output
        result = {"type": "function_call_output", "call_id": made.call_id, "output": "3"}
        await client.responses.create(input=[*first, *answer.output, result], **asked)

    assert (made.name, made.arguments) == ("add", '{"a": 1}')
    _, assistant, tool = engine.calls[1].prompt.messages
    assert assistant.tool_calls[0].id == tool.tool_call_id == "call_1"


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
async def test_an_answer_goes_back_as_the_next_input(is_streamed):
    engine = thinking_engine()
    first = [{"role": "user", "content": "count"}]

    async with client_of(engine) as client:
        if is_streamed:
            async with client.responses.stream(model="math", input=first) as stream:
                answer = await stream.get_final_response()
        else:
            answer = await client.responses.create(model="math", input=first)
        turns = [*first, *answer.output, {"role": "user", "content": "on"}]
        await client.responses.create(model="math", input=turns)

    assert [turn.text for turn in engine.calls[1].prompt.messages] == ["count", "one two", "on"]


async def test_a_form_is_parsed():
    engine = FakeEngine('{"value": 3}')

    async with client_of(engine) as client:
        answer = await client.responses.parse(model="math", input="1+2?", text_format=Sum)
        turns = [{"role": "user", "content": "1+2?"}, *answer.output]
        again = await client.responses.parse(model="math", input=turns, text_format=Sum)

    assert answer.output_parsed == again.output_parsed == Sum(value=3)
    assert engine.calls[0].structure.schema["properties"]["value"]["type"] == "integer"


async def test_errors_are_the_client_s_own():
    async with client_of(FakeEngine()) as client:
        with pytest.raises(openai.BadRequestError, match="whole conversation") as refused:
            await client.responses.create(model="math", input="hi", previous_response_id="r")
        with pytest.raises(openai.NotFoundError, match="not stored"):
            await client.responses.retrieve("resp_1")

    assert (refused.value.code, refused.value.param) == (
        "unsupported_parameter",
        "previous_response_id",
    )


async def test_a_broken_stream_ends_as_a_failed_response():
    script = Script(says="one two", fails=EngineDeadError("the engine died"), fails_at=1)

    async with client_of(FakeEngine(script=lambda _: script)) as client:
        events = await read(await client.responses.create(model="math", input="count", stream=True))

    assert events[-1].type == "response.failed"
    assert events[-1].response.error.message == "the engine died"


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
async def test_a_client_that_gives_up_ends_the_generation(is_streamed):
    engine = FakeEngine(gate=asyncio.Event())

    async with client_of(engine) as client:
        asking = asyncio.create_task(ask(client, is_streamed=is_streamed))
        await engine.arrived.wait()
        asking.cancel()
        await asyncio.wait_for(engine.hung_up.wait(), timeout=1)

    assert engine.num_in_flight == 0


async def ask(client: AsyncOpenAI, *, is_streamed: bool):
    return await client.responses.create(model="math", input="1+1?", stream=is_streamed)

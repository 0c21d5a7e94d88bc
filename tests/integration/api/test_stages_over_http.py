"""Stock clients of composed streams: what they read is as without events of stages."""

import asyncio
from contextlib import asynccontextmanager

import openai
import pytest
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI
from pydantic import SecretStr

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from tests.composed import composed
from tests.merging import merging
from tests.served import running

pytestmark = pytest.mark.integration

MESSAGES = [{"role": "user", "content": "1+1?"}]
ASKED = {
    "model": "refined",
    "messages": MESSAGES,
    "stream": True,
    "stream_options": {"include_usage": True},
}
DEAD = EngineDeadError("its process is gone")
#: What two samples and their synthesis read and write, as `merging` says them.
WRITTEN = 1 + 3 + 3


@asynccontextmanager
async def client_of(engine: FakeEngine):
    async with (
        running(composed(engine)) as url,
        AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def stage_in(event) -> dict | None:
    return (event.model_extra or {}).get("orchestrator")


def check_read(events: list) -> None:
    """What is true of a stream of `refined`, whoever read it."""
    *chunks, last = [event for event in events if stage_in(event) is None]
    assert "".join(one.choices[0].delta.content or "" for one in chunks) == "it is two"
    assert [one.choices[0].finish_reason for one in chunks][-1] == "stop"
    assert (last.choices, last.usage.completion_tokens) == ([], WRITTEN)
    told = [event for event in events if stage_in(event)]
    assert [stage_in(one)["stage"] for one in told] == ["samples"] * 3 + ["synthesis"]
    assert all(one.choices[0].delta.content is None for one in told)
    assert all(one.choices[0].finish_reason is None for one in told)
    assert events[: len(told)] == told


async def test_the_asynchronous_client_reads_stages_as_chunks_that_say_nothing():
    async with client_of(merging()) as client:
        events = [event async for event in await client.chat.completions.create(**ASKED)]

    check_read(events)


async def test_the_blocking_client_reads_stages_as_chunks_that_say_nothing():
    def read(url: str) -> list:
        with OpenAI(base_url=url, api_key="none", max_retries=0) as client:
            return list(client.chat.completions.create(**ASKED))

    async with running(composed(merging())) as url:
        check_read(await asyncio.to_thread(read, f"{url}/v1"))


async def test_the_client_s_own_stream_adds_up_to_the_answer():
    async with (
        client_of(merging()) as client,
        client.chat.completions.stream(
            model="refined", messages=MESSAGES, stream_options={"include_usage": True}
        ) as stream,
    ):
        said = [event.delta async for event in stream if event.type == "content.delta"]
        answer = await stream.get_final_completion()

    [choice] = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", "it is two")
    assert "".join(said) == "it is two"
    assert (choice.finish_reason, answer.usage.completion_tokens) == ("stop", WRITTEN)


async def test_a_text_completion_reads_stages_as_texts_that_say_nothing():
    async with client_of(FakeEngine("Answer: 3")) as client:
        stream = await client.completions.create(model="careful", prompt="1+2=", stream=True)
        events = [event async for event in stream]

    assert "".join(event.choices[0].text for event in events) == "Answer: 3"
    assert stage_in(events[0])["state"] == "started"


async def test_a_response_is_read_to_its_end_by_the_client_s_own_stream():
    async with (
        client_of(merging()) as client,
        client.responses.stream(model="refined", input="1+1?") as stream,
    ):
        answer = await stream.get_final_response()

    assert (answer.output_text, answer.usage.output_tokens) == ("it is two", WRITTEN)


def langchain(url: str) -> ChatOpenAI:
    return ChatOpenAI(
        model="refined",
        base_url=f"{url}/v1",
        api_key=SecretStr("none"),
        max_retries=0,
        stream_usage=True,
        use_responses_api=False,
    )


def check_langchain(chunks: list) -> None:
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert whole.content == "it is two"
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata["output_tokens"] == WRITTEN


async def test_langchain_reads_the_answer_alone():
    async with running(composed(merging())) as url:
        check_langchain([chunk async for chunk in langchain(url).astream("1+1?")])
        check_langchain(await asyncio.to_thread(lambda: list(langchain(url).stream("1+1?"))))
        whole = await langchain(url).ainvoke("1+1?")

    assert (whole.content, whole.usage_metadata["output_tokens"]) == ("it is two", WRITTEN)


async def test_stages_are_read_while_the_first_of_them_still_runs():
    gate = asyncio.Event()
    engine = FakeEngine(script=lambda call: Script(says="3", gate=gate))

    async with client_of(engine) as client:
        stream = await client.chat.completions.create(**ASKED)
        first = await anext(aiter(stream))
        num_in_flight = engine.num_in_flight
        gate.set()
        await stream.close()

    assert (stage_in(first)["state"], num_in_flight) == ("started", 1)


async def test_what_fails_before_the_head_left_has_its_own_status():
    async with client_of(FakeEngine(fails=DEAD)) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(**ASKED)

    assert caught.value.code == "engine_dead"


async def test_what_fails_after_the_head_left_is_the_stream_s_last_event():
    gate = asyncio.Event()
    engine = FakeEngine(script=lambda call: Script(says="3", gate=gate, fails=DEAD))

    async with client_of(engine) as client:
        stream = aiter(await client.chat.completions.create(**ASKED))
        await anext(stream)
        gate.set()
        with pytest.raises(openai.APIError, match="its process is gone"):
            async for _ in stream:
                pass

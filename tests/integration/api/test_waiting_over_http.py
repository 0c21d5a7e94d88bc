"""Streams that wait for a busy slot, over a real socket: what clients of others make of them."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx
import openai
import pytest
from httpx_sse import aconnect_sse
from openai import AsyncOpenAI

from orchestrator.client import AsyncClient, CompletionChunk, Waiting
from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.slot import Slot
from orchestrator.residency.limits import LoopLimits
from tests.served import REGISTRY, Service, running

pytestmark = pytest.mark.integration

MESSAGES = [{"role": "user", "content": "1+1?"}]
EXPERT = next(expert for expert in REGISTRY.experts if expert.id == "math")


class Busy:
    """The endpoint over a slot for one call at a time, and a call that has its turn."""

    def __init__(self) -> None:
        #: Set it to let the first call end.
        self.gate = asyncio.Event()
        self.host = FakeHost([EXPERT], engine=FakeEngine("one two three", gate=self.gate))
        limits = LoopLimits(capacity=1, max_queue=1)
        self.slot = Slot("local", clock=asyncio.get_running_loop(), limits=limits)
        self.slot.seat("l", self.host, [EXPERT])

    @asynccontextmanager
    async def serving(self):
        first = asyncio.create_task(collect(self.slot.generate(call())))
        await self.host.engine.arrived.wait()
        async with running(Service(engine=self.slot)) as url:
            yield url
        self.gate.set()
        await first


def call() -> Call:
    prompt = Text(text="first")
    return Call(id="first", expert=EXPERT.id, version=EXPERT.version, generation=7, prompt=prompt)


def official(url: str) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


async def test_the_official_client_gets_its_stream_while_it_waits_and_no_comment_as_data():
    busy = Busy()
    async with busy.serving() as url, official(url) as client:
        stream = await client.chat.completions.create(model="math", messages=MESSAGES, stream=True)
        headers, was_shut = stream.response.headers, not busy.gate.is_set()
        busy.gate.set()
        chunks = [chunk async for chunk in stream]

    assert was_shut
    assert headers["x-orchestrator-queue-position"] == "1"
    assert "x-orchestrator-waited-s" not in headers
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "one two three"


async def test_the_official_clients_responses_begin_after_the_wait():
    busy = Busy()
    async with busy.serving() as url, official(url) as client:
        stream = await client.responses.create(model="math", input="1+1?", stream=True)
        busy.gate.set()
        kinds = [event.type async for event in stream]

    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")


async def test_another_reader_of_events_sees_the_answers_alone():
    busy = Busy()
    body = {"model": "math", "messages": MESSAGES, "stream": True}
    async with (
        busy.serving() as url,
        httpx.AsyncClient() as http,
        aconnect_sse(http, "POST", f"{url}/v1/chat/completions", json=body) as source,
    ):
        busy.gate.set()
        events = [event.data async for event in source.aiter_sse()]

    assert events.pop() == "[DONE]"
    assert {json.loads(event)["object"] for event in events} == {"chat.completion.chunk"}


async def test_our_client_hears_where_it_stands_then_the_answer():
    busy = Busy()
    async with busy.serving() as url, AsyncClient(url) as client:
        stream = await client.chat(MESSAGES, model="math", stream=True)
        events = stream.events()
        told = await anext(events)
        busy.gate.set()
        over, *chunks = [event async for event in events]

    assert isinstance(told, Waiting)
    assert (told.position, over.position) == (1, 0)
    assert 0 < told.waited_s < over.waited_s
    assert all(isinstance(chunk, CompletionChunk) for chunk in chunks)
    assert "".join(chunk.text for chunk in chunks) == "one two three"


async def test_a_full_queue_refuses_with_a_time_to_come_again():
    busy = Busy()
    async with busy.serving() as url, official(url) as client:
        waiting = await client.chat.completions.create(model="math", messages=MESSAGES, stream=True)
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="math", messages=MESSAGES)
        await waiting.close()

    response = caught.value.response
    assert (response.status_code, caught.value.code) == (503, "overloaded")
    assert "1 calls wait at its slot, the most allowed (defaults.max_queue)" in str(caught.value)
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["x-should-retry"] == "true"


async def test_a_stream_whose_bound_passes_ends_with_the_refusal():
    busy = Busy()
    async with busy.serving() as url, official(url) as client:
        stream = await client.chat.completions.create(
            model="math",
            messages=MESSAGES,
            stream=True,
            extra_headers={"x-orchestrator-max-wait-s": "0.4"},
        )
        with pytest.raises(openai.APIError, match=r"could not be had within 0\.4 s"):
            [chunk async for chunk in stream]

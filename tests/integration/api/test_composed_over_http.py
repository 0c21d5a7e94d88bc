"""Compositions of several calls over a real socket, with the official client."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from openai import AsyncOpenAI

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from tests.composed import composed
from tests.merging import merging
from tests.served import running

pytestmark = pytest.mark.integration

MESSAGES = [{"role": "user", "content": "1+1?"}]


@asynccontextmanager
async def client_of(engine: FakeEngine):
    async with (
        running(composed(engine)) as url,
        AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


async def test_the_first_token_of_a_synthesis_arrives_before_its_last_is_written():
    last = asyncio.Event()
    engine = merging(Script(says="it is two", gate=last, gate_at=2))

    async with client_of(engine) as client:
        stream = await client.chat.completions.create(
            model="refined", messages=MESSAGES, stream=True
        )
        seen = []
        async for event in stream:
            seen.append(event.choices[0].delta.content or "")
            if "it" in seen:
                last.set()

    assert "".join(seen) == "it is two"


async def test_a_client_that_leaves_ends_the_calls_of_every_expert():
    shut = Script(gate=asyncio.Event())
    engine = FakeEngine(script=lambda _: shut)

    async with client_of(engine) as client:
        asked = asyncio.create_task(
            client.chat.completions.create(model="together", messages=MESSAGES)
        )
        while engine.num_in_flight < 2:
            engine.arrived.clear()
            await engine.arrived.wait()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        while engine.num_in_flight:
            engine.hung_up.clear()
            await engine.hung_up.wait()

    assert len(engine.cancelled) == 2


async def test_a_client_that_leaves_amid_a_synthesis_ends_it():
    engine = merging(Script(says="it is two", gate=asyncio.Event(), gate_at=1))

    async with client_of(engine) as client:
        stream = await client.chat.completions.create(
            model="refined", messages=MESSAGES, stream=True
        )
        await anext(aiter(stream))
        await stream.close()
        await engine.hung_up.wait()

    assert len(engine.cancelled) == 1

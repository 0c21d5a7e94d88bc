"""Two gateways over one Redis: what one has answered, the other tells again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import openai
import pytest

from orchestrator.caching.answer_cache import AnswerCache
from orchestrator.caching.settings import CacheSettings
from orchestrator.engines.fake import FakeEngine
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_answers import RedisAnswers
from orchestrator.store.redis_repeats import RedisRepeats
from orchestrator.store.server import RedisServer
from tests.free_ports import free_port
from tests.served import Service, running

pytestmark = pytest.mark.integration

MESSAGES = [{"role": "user", "content": "1+1?"}]


@pytest.fixture
async def gateways(tmp_path) -> AsyncIterator[list[tuple[Service, openai.AsyncOpenAI]]]:
    """Each with an engine of its own, and OpenAI's client of it."""
    async with AsyncExitStack() as undo:
        server = undo.enter_context(RedisServer(tmp_path / "redis", port=free_port()))
        found = []
        for number in range(2):
            link = RedisLink(server.url)
            undo.push_async_callback(link.close)
            service = Service(
                engine=FakeEngine(f"said by {number}"),
                repeats=RedisRepeats(link),
                answers=AnswerCache(RedisAnswers(link), CacheSettings(mode="deterministic")),
            )
            url = await undo.enter_async_context(running(service))
            client = openai.AsyncOpenAI(api_key="sk-ann", base_url=f"{url}/v1", max_retries=4)
            undo.push_async_callback(client.close)
            found.append((service, client))
        yield found


async def asked(client: openai.AsyncOpenAI, **more) -> openai.types.chat.ChatCompletion:
    return await client.chat.completions.create(model="math", messages=MESSAGES, **more)


async def test_a_request_that_is_sent_again_to_another_gateway_has_its_first_answer(gateways):
    (_, one), (second, other) = gateways
    headers = {"Idempotency-Key": "order-1"}

    first = await asked(one, extra_headers=headers)
    again = await asked(other, extra_headers=headers)

    assert again == first
    assert not second.engine.calls


async def test_a_stream_that_is_sent_again_elsewhere_is_the_stream_it_was(gateways):
    (_, one), (_, other) = gateways
    told = []
    for client in (one, other):
        stream = await asked(client, stream=True, extra_headers={"Idempotency-Key": "order-2"})
        told.append([chunk async for chunk in stream])

    assert told[0] == told[1]


async def test_openai_s_client_waits_for_the_first_answer(gateways):
    (first, one), (second, other) = gateways
    gate = asyncio.Event()
    first.engine = slow = FakeEngine("said by 0", gate=gate)
    async with running(first) as url:
        client = one.with_options(base_url=f"{url}/v1")
        sent = asyncio.create_task(asked(client, extra_headers={"Idempotency-Key": "order-3"}))
        await slow.arrived.wait()
        again = asyncio.create_task(asked(other, extra_headers={"Idempotency-Key": "order-3"}))
        await asyncio.wait((again,), timeout=0.3)
        gate.set()

        assert await again == await sent
    assert not second.engine.calls


async def test_an_answer_that_one_gateway_kept_is_told_by_the_other(gateways):
    (first, one), (second, other) = gateways
    made = await asked(one, temperature=0)
    await first.answers.settled()
    told = await asked(other, temperature=0)

    assert told.choices == made.choices
    assert told.id != made.id
    assert not second.engine.calls

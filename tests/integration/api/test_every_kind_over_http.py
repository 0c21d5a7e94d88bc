"""Compositions of every kind over a real socket: hanging up, and the first token of a stream."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from openai import AsyncOpenAI

from orchestrator.engines.scripts import Script
from tests.every_kind import BY_KIND, EveryKind
from tests.served import running

pytestmark = pytest.mark.integration

MESSAGES = [{"role": "user", "content": "1+2?"}]
#: Every stage of every kind by its place; of one call `None`.
STAGES = [
    pytest.param(name, at, id=f"{name}-{'call' if at is None else kind.stages[at].name}-{at}")
    for name, kind in BY_KIND.items()
    for at in (range(len(kind.stages)) if kind.stages else (None,))
]


@asynccontextmanager
async def client_of(asked: EveryKind):
    async with (
        running(asked.service) as url,
        AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def changed_at(place: int | None, **changes: object):
    """A change of what calls of one stage do, and of no other."""

    def changed(at: int | None, script: Script) -> Script:
        return replace(script, **changes) if at == place else script

    return changed


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("name", "at"), STAGES)
async def test_hanging_up_amid_any_stage_ends_every_call_of_it(name, at, stream):
    asked = EveryKind(kind=name, changed=changed_at(at, gate=asyncio.Event()))

    async with client_of(asked) as client:
        request = asyncio.create_task(_read(client, model=name, messages=MESSAGES, stream=stream))
        await asked.under_way(at)
        request.cancel()
        await asyncio.wait([request])
        while asked.engine.num_in_flight:
            asked.engine.hung_up.clear()
            await asked.engine.hung_up.wait()

    assert set(asked.engine.cancelled) == {call.id for call in asked.calls_of(at)}
    assert not asked.calls_of(0 if at is None else at + 1)
    assert (await asked.service.last_record()).status == 499


@pytest.mark.parametrize("name", [name for name, kind in BY_KIND.items() if kind.is_streamed])
async def test_the_first_token_arrives_before_the_last_is_written(name):
    last = asyncio.Event()
    at = len(BY_KIND[name].stages) - 1 if BY_KIND[name].stages else None
    asked = EveryKind(kind=name, changed=changed_at(at, says="it is three", gate=last, gate_at=2))
    seen = ""

    async with client_of(asked) as client:
        stream = await client.chat.completions.create(model=name, messages=MESSAGES, stream=True)
        async for event in stream:
            seen += event.choices[0].delta.content or ""
            if seen.startswith("it is"):
                last.set()

    assert seen == "it is three"


async def _read(client: AsyncOpenAI, **asked: object) -> None:
    answer = await client.chat.completions.create(**asked)
    if asked["stream"]:
        async for _ in answer:
            pass

"""Limits and budgets, as OpenAI's own client meets them."""

import asyncio

import httpx
import openai
import pytest

from orchestrator.engines.fake import FakeEngine
from tests.metered import MeteredService
from tests.served import running

pytestmark = pytest.mark.integration

ASKED = {"model": "priced", "messages": [{"role": "user", "content": "?"}], "max_tokens": 10}


class Seen:
    """What came back: statuses, and the first time to come again."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.retry_ms: list[str] = []
        self.refused = asyncio.Event()

    async def note(self, response: httpx.Response) -> None:
        self.statuses.append(response.status_code)
        if response.status_code == 429:
            self.retry_ms.append(response.headers.get("retry-after-ms", ""))
            self.refused.set()


def client_of(url: str, headers: dict[str, str], seen: Seen, **more):
    return openai.AsyncOpenAI(
        base_url=f"{url}/v1",
        api_key=headers["authorization"].removeprefix("Bearer "),
        http_client=httpx.AsyncClient(event_hooks={"response": [seen.note]}),
        **more,
    )


async def test_the_official_client_does_not_ask_again_where_a_budget_is_used_up():
    site, seen = MeteredService(), Seen()
    _, headers = await site.key(budget_usd=12e-6)
    async with running(site.service) as url:
        client = client_of(url, headers, seen, max_retries=3)
        await client.chat.completions.create(**ASKED)  # two tokens of it
        try:
            with pytest.raises(openai.RateLimitError) as refused:
                await client.chat.completions.create(**(ASKED | {"max_tokens": 11}))
        finally:
            await client.close()
    await site.meters.close()

    assert (refused.value.code, refused.value.type) == ("insufficient_quota",) * 2
    assert (seen.statuses, seen.retry_ms) == ([200, 429], [""])


async def test_the_official_client_comes_again_when_it_is_told_to():
    gate, seen = asyncio.Event(), Seen()
    site = MeteredService(engine=FakeEngine(("a ", "b"), gate=gate))
    _, headers = await site.key(max_concurrent=1)
    async with running(site.service) as url:
        client = client_of(url, headers, seen, max_retries=5)
        first = asyncio.create_task(client.chat.completions.create(**ASKED))
        await site.engine.arrived.wait()
        second = asyncio.create_task(client.chat.completions.create(**ASKED))
        async with asyncio.timeout(20):
            await seen.refused.wait()
            gate.set()
            answers = [await first, await second]
        await client.close()
    await site.meters.close()

    assert [answer.choices[0].finish_reason for answer in answers] == ["stop", "stop"]
    assert (seen.statuses, seen.retry_ms) == ([429, 200, 200], ["1000"])

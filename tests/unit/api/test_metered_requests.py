"""Limits and budgets as callers meet them: exact, told in OpenAI's way, charged however it ends."""

import asyncio

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import EngineDeadError
from tests.keyrings import ADMIN
from tests.metered import MeteredService
from tests.served import fault

#: USD: 100 calls of at most 10 tokens.
A_HUNDRED = 100 * 10 * 1e-6
TEN = {"max_tokens": 10}


async def ask(site: MeteredService, headers, model="priced", **more):
    return await site.service.chat(model=model, headers=headers, **(TEN | more))


async def test_parallel_requests_never_pass_a_budget_and_those_within_it_are_answered():
    site = MeteredService(engine=FakeEngine("x " * 10))
    key_id, headers = await site.key(budget_usd=A_HUNDRED / 10)

    async with site.service.client() as client:
        body = {"model": "priced", "messages": [{"role": "user", "content": "?"}], **TEN}
        answers = await asyncio.gather(
            *(client.post("/v1/chat/completions", json=body, headers=headers) for _ in range(100))
        )

    statuses = [one.status_code for one in answers]
    # A call that ends gives back what it did not take: ten at least fit, and never more than paid.
    assert statuses.count(200) >= 10
    assert set(statuses) == {200, 429}
    assert await site.spent(key_id) <= 10_000 * 10


async def test_a_budget_that_is_used_up_is_told_as_openai_does_and_not_to_be_tried_again():
    site = MeteredService()
    key_id, headers = await site.key(budget_day_usd=15e-6)
    first = await ask(site, headers)
    await site.spent(key_id)
    refused = await ask(site, headers, max_tokens=14)

    assert first.status_code == 200
    assert refused.status_code == 429
    error = fault(refused)
    assert (error["code"], error["type"]) == ("insufficient_quota", "insufficient_quota")
    assert "1.5e-05 USD that key" in error["message"]
    assert "midnight UTC" in error["message"]
    assert refused.headers["x-should-retry"] == "false"
    assert "retry-after" not in refused.headers


async def test_requests_a_minute_are_told_with_every_answer_and_refusal():
    site = MeteredService()
    _, headers = await site.key(requests_per_minute=2, tokens_per_minute=10_000)
    answers = [await ask(site, headers) for _ in range(3)]

    told = [
        (one.headers["x-ratelimit-remaining-requests"], one.headers["x-ratelimit-reset-requests"])
        for one in answers
    ]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert told == [("1", "1m1s"), ("0", "1m1s"), ("0", "1m1s")]
    assert answers[0].headers["x-ratelimit-limit-tokens"] == "10000"
    assert (answers[2].headers["retry-after"], answers[2].headers["retry-after-ms"]) == (
        "61",
        "61000",
    )
    error = fault(answers[2])
    assert (error["code"], error["type"]) == ("rate_limit_exceeded", "rate_limit_exceeded")
    assert "2 requests a minute" in error["message"]


async def test_more_tokens_than_a_minute_has_are_no_matter_of_time():
    site = MeteredService()
    _, headers = await site.key(tokens_per_minute=50)

    refused = await ask(site, headers, max_tokens=100)

    assert (refused.status_code, fault(refused)["param"]) == (400, "max_tokens")


async def test_requests_at_a_time_are_bound_and_end_with_the_answer():
    gate = asyncio.Event()
    site = MeteredService(engine=FakeEngine(("a ", "b"), gate=gate))
    _, headers = await site.key(max_concurrent=1)
    first = asyncio.create_task(ask(site, headers))
    await site.engine.arrived.wait()
    second = await ask(site, headers)
    gate.set()

    assert (await first).status_code == 200
    assert (second.status_code, fault(second)["code"]) == (429, "rate_limit_exceeded")
    assert (await ask(site, headers)).status_code == 200


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
async def test_an_answer_is_charged_for_what_it_took(streamed):
    site = MeteredService()
    key_id, headers = await site.key(budget_usd=1)

    answer = await ask(site, headers, stream=streamed)

    assert answer.status_code == 200
    assert await site.spent(key_id) == 2000  # two tokens of output


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
async def test_an_answer_that_its_caller_gives_up_is_charged_at_its_most(streamed):
    site = MeteredService(engine=FakeEngine("a b", gate=asyncio.Event()))
    key_id, headers = await site.key(budget_usd=1, max_concurrent=1)
    asked = asyncio.create_task(ask(site, headers, stream=streamed))
    await site.engine.arrived.wait()
    asked.cancel()
    await asyncio.wait([asked])

    assert await site.spent(key_id) == 10_000


async def test_a_stream_that_dies_after_its_first_token_is_charged_at_its_most():
    site = MeteredService(engine=FakeEngine(("a ", "b"), fails=EngineDeadError("it died")))
    key_id, headers = await site.key(budget_usd=1)

    answer = await ask(site, headers, stream=True)

    charged = await site.spent(key_id)
    assert (answer.status_code, charged) in {(200, 10_000), (503, 0)}


async def test_every_call_of_a_composition_is_charged():
    site = MeteredService()
    key_id, headers = await site.key(budget_usd=1, requests_per_minute=10)

    answer = await ask(site, headers, model="twice")

    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ratelimit-remaining-requests"] == "9"
    assert await site.spent(key_id) == 1000 * answer.json()["usage"]["completion_tokens"]


async def test_vectors_are_charged_for():
    site = MeteredService()
    key_id, headers = await site.key(budget_usd=1, requests_per_minute=5)

    answer = await site.service.post(
        "/v1/embeddings", headers=headers, model="vectors", input=["one two", "three"]
    )

    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-remaining-requests"] == "4"
    assert await site.spent(key_id) == 1000 * answer.json()["usage"]["prompt_tokens"] > 0


async def test_a_caller_without_limits_asks_no_store():
    class Away:
        async def take(self, key_id, bounds, wish):
            raise AssertionError("nothing of it is bound")

    site = MeteredService(store=Away())
    _, headers = await site.key()

    assert (await ask(site, headers)).status_code == 200


async def test_a_key_that_is_forgotten_leaves_none_of_its_counts():
    site = MeteredService()
    key_id, headers = await site.key(budget_usd=1.0)
    site.service.keys = site.keys.records
    await ask(site, headers)
    before = await site.spent(key_id)
    async with site.service.client() as client:
        gone = await client.delete(f"/admin/keys/{key_id}?forget=true", headers=ADMIN)

    assert before > 0
    assert gone.json()["are_counts_forgotten"]
    assert await site.spent(key_id) == 0


async def test_a_question_who_would_answer_counts_as_a_request_and_takes_no_tokens():
    site = MeteredService()
    _, headers = await site.key(requests_per_minute=2, tokens_per_minute=100)
    asked = {"model": "priced", "messages": [{"role": "user", "content": "?"}]}

    first = await site.service.post("/v1/route", headers=headers, **asked)
    answers = [await site.service.post("/v1/route", headers=headers, **asked) for _ in range(2)]
    listed = await site.service.get("/v1/models", **headers)

    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    assert first.headers["x-ratelimit-remaining-tokens"] == "100"
    assert [one.status_code for one in answers] == [200, 429]
    assert listed.status_code == 200

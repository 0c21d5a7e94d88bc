"""The scripted upstream against the engine that meets it: every fault is a typed error in time."""

import httpx
import pytest

from orchestrator.engines.base import Call, Chat, Message, Sampling, TextPart
from orchestrator.engines.collecting import collect
from orchestrator.engines.openai import OpenAIEngine
from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    OverloadedError,
)
from orchestrator.registry.models import Expert
from tests.faults.answers import answer_to
from tests.faults.program import started
from tests.faults.scripts import KINDS, Scripts
from tests.faults.upstream import upstream

pytestmark = pytest.mark.integration

SAYING = {"ok", "slow"}
ENDS = {
    "cut-before-head": EngineDeadError,
    "stall-before-head": EngineTimeoutError,
    "stall-after-head": EngineTimeoutError,
    "stall": EngineTimeoutError,
    "error-event": EngineError,
    "429": OverloadedError,
    "429-retry": OverloadedError,
    "500": EngineError,
    "503": OverloadedError,
    "503-retry": OverloadedError,
}


def chat(*turns: tuple[str, str]) -> Chat:
    said = (Message(role=role, content=(TextPart(text=text),)) for role, text in turns)
    return Chat(messages=tuple(said))


async def asked(url: str, *turns: tuple[str, str], **fields):
    spec = {"kind": "openai", "base_url": url, "model": "m", "timeout_s": 0.5}
    engine = OpenAIEngine(Expert(id="remote", engine=spec))
    try:
        call = Call(id="c", expert="remote", generation=1, prompt=chat(*turns), **fields)
        return await collect(engine.generate(call))
    finally:
        await engine.close()


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - SAYING))
@pytest.mark.parametrize("is_streamed", [True, False], ids=["streamed", "whole"])
async def test_every_scripted_fault_is_an_error_of_our_tree(kind, is_streamed):
    async with upstream() as url:
        with pytest.raises(ENDS.get(kind, EngineProtocolError)):
            await asked(url, ("user", f"hello fault={kind}"), stream=is_streamed)


@pytest.mark.parametrize("kind", sorted(SAYING))
async def test_an_answer_of_the_scripted_upstream_names_its_request(kind):
    async with upstream() as url:
        answer = await asked(url, ("user", f"hello fault={kind}"))

    assert answer.choices[0].text == answer_to(f"hello fault={kind}")


async def test_a_begun_answer_is_gone_on_with_word_by_word():
    whole = answer_to("hello")
    async with upstream() as url:
        answer = await asked(url, ("user", "hello"), ("assistant", whole[:25]))

    assert whole[:25] + answer.choices[0].text == whole


async def test_an_answer_that_was_to_be_shorter_says_so():
    async with upstream() as url:
        answer = await asked(url, ("user", "hello"), sampling=Sampling(max_tokens=3))

    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3


async def test_chance_goes_by_seed_and_words_whatever_the_order():
    def drawn(texts):
        scripts = Scripts()
        scripts.tell(faults=["cut:1", "stall"], then=[], rate=0.5, seed=3)
        return {text: scripts.of(model="m", text=text, headers={}) for text in texts}

    texts = [f"question {place}" for place in range(200)]

    assert drawn(texts) == drawn(reversed(texts))
    assert 60 < sum(fault.kind != "ok" for fault in drawn(texts).values()) < 140


async def test_orders_at_run_time_reach_a_process_of_its_own():
    with started() as (url, _):
        async with httpx.AsyncClient(base_url=url.removesuffix("/v1")) as client:
            await client.post("/control", json={"then": ["500", "ok"]})
            with pytest.raises(EngineError, match="scripted 500"):
                await asked(url, ("user", "first"))

            answer = await asked(url, ("user", "second"))

            assert answer.choices[0].text == answer_to("second")
            assert (await client.get("/control")).json() == {"500": 1, "ok": 1}

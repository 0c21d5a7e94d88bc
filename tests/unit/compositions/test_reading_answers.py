"""Votes on free text, by what it means."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestrator.compositions.base import Reply
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script
from orchestrator.errors import RegistryError
from routers.artifacts import load_router
from tests.unit.compositions.pool import Pool, SeeingEngine, ask

TIDES = (
    "The tides come from the wind.",
    "The moon pulls the oceans.",
    "It is that the moon pulls at the oceans.",
)


@pytest.fixture(scope="module")
def embedder():
    return load_router(Path("deploy/demo/routers/topic"), fallback="generalist").embedder


def pool(found=None, **more) -> Pool:
    auto = {"kind": "vote", "samples": 3, "answers": "meaning", **more}
    engine = SeeingEngine(script=lambda call: Script(says=TIDES))
    return Pool(engine=engine, auto=auto, embedder=found)


async def said(reply: Reply) -> str:
    return (await collect(reply.items)).choices[0].text


class Slow:
    dim = 2
    is_slow = True


@pytest.mark.parametrize(
    ("found", "why"), [(None, "has no embedding"), (Slow(), "takes too long")], ids=["none", "slow"]
)
def test_a_router_that_cannot_read_answers_is_refused_with_what_can(found, why):
    with pytest.raises(RegistryError, match=f"'auto' .* router 'topic' {why}.*: let `embedder`"):
        pool(found).programs()


def test_an_embedder_without_meaning_is_refused():
    with pytest.raises(ValidationError, match="`embedder` reads answers by meaning"):
        pool(answers="text", embedder="topic").programs()


async def test_sentences_that_mean_the_same_win_in_the_words_of_the_first(embedder):
    assert await said(await pool(embedder).programs().reply(ask())) == TIDES[1]


async def test_by_spelling_no_two_of_them_agree(embedder):
    assert await said(await pool(embedder, answers="text").programs().reply(ask())) == TIDES[0]


async def test_likely_samples_that_mean_the_same_are_summed(embedder):
    assert await said(await pool(embedder, kind="rpc").programs().reply(ask())) == TIDES[1]


async def test_experts_of_an_ensemble_agree_by_meaning(embedder):
    told = dict(zip(("small", "large", "hosted"), TIDES, strict=True))
    engine = SeeingEngine(script=lambda call: Script(says=told[call.expert]))
    # 1 against 0.5 ** 0.1 + 0.33 ** 0.1 = 0.93 + 0.90
    auto = {"kind": "ensemble", "sharpness": 0.1, "answers": "meaning"}

    reply = await Pool(engine=engine, auto=auto, embedder=embedder).programs().reply(ask())

    assert await said(reply) == TIDES[1]

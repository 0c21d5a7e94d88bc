"""`kind: cascade`: cheap experts first."""

import asyncio

import pytest
from pydantic import ValidationError

from orchestrator.compositions.base import Reply
from orchestrator.engines.base import Sampling
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, LimitsError
from orchestrator.routing.limits import Limits
from tests.unit.compositions.pool import Pool, SeeingEngine, ask

DEAD = EngineDeadError("its process is gone")


def scripted(**script_by_expert: Script | tuple[str, ...]) -> SeeingEngine:
    def script(call) -> Script:
        found = script_by_expert[call.expert]
        return Script(says=found) if isinstance(found, tuple) else found

    return SeeingEngine(script=script)


def pool(engine: SeeingEngine, **more) -> Pool:
    entry = {"kind": "cascade", "router": None, "cheap": ["small"], "strong": "large"}
    return Pool(engine=engine, auto={**entry, "tau": 0.6, "answers": "number", **more})


async def said(reply: Reply) -> str:
    return (await collect(reply.items)).choices[0].text


def test_one_answer_to_compare_is_refused():
    with pytest.raises(ValidationError, match="one answer agrees with nobody"):
        pool(scripted(), samples=1).programs()


async def test_answers_that_agree_are_taken_and_the_strong_expert_is_spared():
    engine = scripted(small=("Answer: 3", "Answer: 4", "it is 4"))

    reply = await pool(engine).programs().reply(ask())

    assert await said(reply) == "Answer: 4"
    assert [call.expert for call in engine.calls] == ["small"]
    assert (reply.decision.expert, reply.decision.router) == ("small", None)


async def test_answers_that_differ_go_to_the_strong_expert_whose_answer_is_streamed():
    engine = scripted(small=("1", "2", "3"), large=("it is four",))

    reply = await pool(engine).programs().reply(ask())
    items = [item async for item in reply.items]

    assert [call.expert for call in engine.calls] == ["small", "large"]
    assert len(items) > 1
    assert items[-1].usage.completion_tokens == 3 + 3
    assert reply.decision.expert == "large"


async def test_a_strong_expert_that_fails_leaves_the_best_cheap_answer():
    engine = scripted(small=("1", "2", "3"), large=Script(fails=DEAD))

    reply = await pool(engine).programs().reply(ask())

    assert await said(reply) == "1"
    assert (reply.decision.expert, reply.decision.failed) == ("small", {"large": "engine_dead"})


async def test_where_nobody_answers_the_strong_experts_error_is_told():
    engine = scripted(small=Script(fails=DEAD), large=Script(fails=EngineDeadError("large too")))

    with pytest.raises(EngineDeadError, match="large too"):
        await said(await pool(engine).programs().reply(ask()))


async def test_a_cheap_expert_that_limits_shut_out_is_left_aside():
    engine = scripted(large=("strong words",))
    only = Limits(exclude=frozenset({"expert:small"}))

    assert await said(await pool(engine).programs().reply(ask(limits=only))) == "strong words"
    assert [call.expert for call in engine.calls] == ["large"]


async def test_a_cheap_expert_that_breaks_the_cap_beside_others_is_left_aside():
    engine = scripted(small=("4", "4"), hosted=("4", "4"), large=("4",))
    price = {"price": {"input_usd_per_mtok": 0.0, "output_usd_per_mtok": 10.0}}
    cascade = pool(engine, cheap=["small", "hosted"], samples=2)
    cascade.experts = {"small": price, "hosted": price}
    # Two answers of 100 tokens at 10 USD a million are 0.002 USD; four are over the cap.
    capped = ask(limits=Limits(max_price_usd=0.003), sampling=Sampling(max_tokens=100))

    assert (await cascade.programs().decide(capped)).team == ("small",)


async def test_where_limits_shut_out_everybody_nobody_is_asked():
    engine = scripted()
    nobody = Limits(exclude=frozenset({"expert:small", "expert:large"}))

    with pytest.raises(LimitsError):
        await pool(engine).programs().reply(ask(limits=nobody))

    assert not engine.calls


async def test_a_strong_expert_that_limits_shut_out_leaves_the_cheap_answer():
    engine = scripted(small=("1", "2", "3"))
    shut_out = Limits(exclude=frozenset({"expert:large"}))

    reply = await pool(engine).programs().reply(ask(limits=shut_out))

    assert await said(reply) == "1"
    assert reply.decision.failed == {"large": "limits_unmet"}


async def test_calls_that_cannot_change_the_verdict_are_ended():
    shut = Script(gate=asyncio.Event())
    engine = scripted(small=("4", "4"), hosted=shut)
    cascade = pool(engine, cheap=["hosted", "small"], samples=2, tau=0.5)

    reply = await cascade.programs().reply(ask())

    assert await said(reply) == "4"
    assert len(engine.cancelled) == 1

"""Who answers where the chosen expert cannot."""

import pytest

from orchestrator.engines.base import Sampling
from orchestrator.engines.collecting import collect
from orchestrator.engines.notices import HEAD_S, Notice
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    ContentPolicyError,
    ContextTooLongError,
    EngineDeadError,
    OverloadedError,
)
from orchestrator.routing.limits import Limits
from tests.unit.compositions.pool import Pool, SeeingEngine, ask

DEAD = EngineDeadError("its process is gone")
FULL = OverloadedError("the queue is full", retry_after_s=3.0)
LONG = ContextTooLongError("too long")


def scripted(**script_by_expert: Script) -> SeeingEngine:
    def script(call) -> Script:
        return script_by_expert.get(call.expert, Script(says=(f"{call.expert} here",)))

    return SeeingEngine(script=script)


def pool(engine: SeeingEngine, *, fallbacks: int = 2, **more) -> Pool:
    return Pool(engine=engine, auto={"fallbacks": fallbacks}, **more)


async def said(reply) -> str:
    return (await collect(reply.items)).choices[0].text


async def test_the_next_best_answers_and_the_decision_says_so():
    reply = await pool(scripted(small=Script(fails=DEAD))).programs().reply(ask())

    assert reply.decision.fallbacks == ("large", "hosted")
    assert await said(reply) == "large here"
    assert reply.decision.expert == "large"
    assert reply.decision.failed == {"small": "engine_dead"}


async def test_defaults_and_prices_are_those_of_who_answers():
    experts = {"large": {"defaults": {"max_tokens": 7}}}
    engine = scripted(small=Script(fails=FULL))

    reply = await pool(engine, experts=experts).programs().reply(ask())
    answer = await collect(reply.items)

    assert [call.sampling.max_tokens for call in engine.calls] == [256, 7]
    assert reply.decision.defaults == {"max_tokens": 7}
    assert answer.usage.cost_usd is not None


async def test_nobody_is_tried_whom_the_limits_shut_out():
    engine = scripted(small=Script(fails=DEAD), hosted=Script(fails=FULL))
    shut_out = Limits(exclude=frozenset({"expert:large"}))

    reply = await pool(engine).programs().reply(ask(limits=shut_out))
    with pytest.raises(EngineDeadError):
        await said(reply)

    assert [call.expert for call in engine.calls] == ["small", "hosted"]


async def test_a_composition_that_names_no_fallbacks_has_none():
    engine = scripted(small=Script(fails=DEAD))

    with pytest.raises(EngineDeadError):
        await said(await pool(engine, fallbacks=0).programs().reply(ask()))

    assert len(engine.calls) == 1


async def test_what_may_pass_is_told_before_what_never_will():
    engine = scripted(small=Script(fails=LONG), large=Script(fails=FULL), hosted=Script(fails=LONG))

    with pytest.raises(OverloadedError):
        await said(await pool(engine).programs().reply(ask()))


async def test_what_a_provider_will_not_answer_is_asked_of_nobody_else():
    engine = scripted(small=Script(fails=ContentPolicyError("no")))

    with pytest.raises(ContentPolicyError):
        await said(await pool(engine).programs().reply(ask()))

    assert len(engine.calls) == 1


async def test_a_stream_that_told_its_caller_who_answers_may_be_answered_by_another():
    waits = Script(fails=FULL, notices=(Notice(position=1, waited_s=HEAD_S * 2),))
    engine = scripted(small=waits)

    reply = await pool(engine).programs().reply(ask())

    assert await said(reply) == "large here"
    assert reply.decision.failed == {"small": "overloaded"}


async def test_all_tries_together_have_one_requests_time():
    engine = scripted(small=Script(fails=FULL), large=Script(fails=FULL))

    await said(await pool(engine).programs().reply(ask(timeout_s=9.0, max_wait_s=5.0)))

    timeouts_s = [call.timeout_s for call in engine.calls]
    waits_s = [call.max_wait_s for call in engine.calls]
    assert len(timeouts_s) == 3
    assert timeouts_s == sorted(timeouts_s, reverse=True)
    assert waits_s == sorted(waits_s, reverse=True)
    assert 0 < waits_s[2] < waits_s[0] == 5.0


async def test_who_hangs_up_ends_the_try_under_way():
    engine = scripted(small=Script(fails=DEAD), large=Script(says="a b c"))
    reply = await pool(engine).programs().reply(ask(sampling=Sampling(max_tokens=3)))

    await anext(reply.items)
    await reply.items.aclose()

    assert list(engine.cancelled) == ["q1"]

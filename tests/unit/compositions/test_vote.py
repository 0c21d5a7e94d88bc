"""`kind: vote`: many samples, one answer."""

import asyncio

import pytest

from orchestrator.compositions.base import Reply
from orchestrator.engines.base import Chat, Message, Sampling, TextPart, Tool
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    EngineDeadError,
    EngineProtocolError,
    LimitsError,
    OverloadedError,
    UnsupportedParameterError,
)
from orchestrator.routing.limits import Limits
from tests.unit.compositions.pool import Pool, SeeingEngine, ask

DEAD = EngineDeadError("its process is gone")
FULL = OverloadedError("the queue is full")


def scripted(**script_by_expert: Script | str) -> SeeingEngine:
    def script(call) -> Script:
        found = script_by_expert.get(call.expert, "Answer: 0")
        return Script(says=found) if isinstance(found, str | tuple) else found

    return SeeingEngine(script=script)


def pool(engine: SeeingEngine, **more) -> Pool:
    return Pool(engine=engine, auto={"kind": "vote", "answers": "number", **more})


async def said(reply: Reply) -> str:
    return (await collect(reply.items)).choices[0].text


async def read(reply: Reply) -> None:
    await collect(reply.items)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"sampling": Sampling(n=2)}, "n"),
        (
            {
                "chat": Chat(
                    messages=(Message(role="user", content=(TextPart(text="hi"),)),),
                    tools=(Tool(name="look"),),
                )
            },
            "tools",
        ),
    ],
    ids=["several answers", "tools"],
)
async def test_what_no_vote_can_give_is_refused_by_name(more, param):
    with pytest.raises(UnsupportedParameterError) as caught:
        await pool(scripted()).programs().reply(ask(**more))

    assert caught.value.param == param


async def test_the_samples_of_one_expert_are_one_request():
    engine = scripted(small=("I say 3", "The answer is 4", "4"))

    reply = await pool(engine, samples=3).programs().reply(ask(sampling=Sampling(temperature=0)))

    assert await said(reply) == "The answer is 4"
    [call] = engine.calls
    assert (call.sampling.n, call.sampling.temperature, call.stream) == (3, 0.7, True)


async def test_a_single_sample_is_drawn_as_the_caller_says():
    engine = scripted()
    vote = pool(engine, samples=1, experts=3)

    await read(await vote.programs().reply(ask(sampling=Sampling(temperature=0.1))))

    assert {call.sampling.temperature for call in engine.calls} == {0.1}


async def test_experts_vote_together_and_the_decision_names_whose_answer_won():
    engine = scripted(small="Answer: 3", large="Answer: 4", hosted="it is 4")
    vote = pool(engine, samples=1, experts=3)

    reply = await vote.programs().reply(ask())

    assert reply.decision.team == ("small", "large", "hosted")
    assert await said(reply) == "Answer: 4"
    assert reply.decision.expert == "large"


async def test_scores_weigh_votes_where_the_entry_says_so():
    engine = scripted(small="Answer: 3", large="Answer: 4", hosted="Answer: 4")
    vote = pool(engine, samples=1, experts=3, weigh="score")

    # ln(0.98 * 9 / 0.02) = 6.1 against ln(9) + ln(0.333 * 9 / 0.667) = 2.2 + 1.5
    assert await said(await vote.programs().reply(ask())) == "Answer: 3"


async def test_usage_is_that_of_all_calls_and_stages_tell_each():
    engine = scripted(small="Answer: 4", large="Answer: 4 then", hosted="4")
    vote = pool(engine, samples=2, experts=2)

    reply = await vote.programs().reply(ask())
    answer = await collect(reply.items)

    [stage] = reply.stages
    assert [(call.expert, call.ending, call.num_answers) for call in stage.calls] == [
        ("small", "done", 2),
        ("large", "done", 2),
    ]
    assert answer.usage.completion_tokens == 2 * 2 + 2 * 3
    assert answer.usage.prompt_tokens == 2


async def test_an_expert_that_fails_costs_its_vote_alone():
    engine = scripted(small=Script(fails=DEAD), large="Answer: 4", hosted="Answer: 4")

    reply = await pool(engine, samples=1, experts=3).programs().reply(ask())

    assert await said(reply) == "Answer: 4"
    assert reply.decision.failed == {"small": "engine_dead"}


async def test_where_all_fail_what_may_pass_is_told():
    engine = scripted(small=Script(fails=EngineProtocolError("odd")), large=Script(fails=FULL))

    with pytest.raises(EngineProtocolError):
        await read(await pool(engine, samples=1, experts=2).programs().reply(ask()))


async def test_fewer_answers_than_wanted_are_a_failure():
    engine = scripted(small="Answer: 4", large=" ")
    vote = pool(engine, samples=1, experts=2, min_answers=2)

    with pytest.raises(EngineProtocolError, match="got 1 answers that say anything of 2 calls"):
        await read(await vote.programs().reply(ask()))


async def test_a_decided_vote_ends_who_has_not_answered():
    shut = Script(says="Answer: 9", gate=asyncio.Event())
    engine = scripted(small=shut, large="Answer: 4", hosted="Answer: 4")

    reply = await pool(engine, samples=1, experts=3).programs().reply(ask())

    assert await said(reply) == "Answer: 4"
    assert len(engine.cancelled) == 1
    assert [call.ending for call in reply.stages[0].calls] == ["cancelled", "done", "done"]
    assert engine.num_in_flight == 0


class LastIsSmall(SeeingEngine):
    """Lets `small` speak once `hosted` has."""

    gate: asyncio.Event

    async def generate(self, call):
        async for chunk in super().generate(call):
            yield chunk
        if call.expert == "hosted":
            self.gate.set()


async def test_with_a_seed_all_are_waited_for_and_the_same_words_are_told():
    gate = asyncio.Event()
    scripts = {"small": Script(says="I say 4", gate=gate)}
    engine = LastIsSmall(script=lambda call: scripts.get(call.expert, Script(says="Answer: 4")))
    engine.gate = gate

    reply = (
        await pool(engine, samples=1, experts=3).programs().reply(ask(sampling=Sampling(seed=7)))
    )

    assert await said(reply) == "I say 4"
    assert not engine.cancelled


async def test_who_hangs_up_ends_every_call():
    shut = Script(gate=asyncio.Event())
    engine = scripted(small=shut, large=shut)
    reply = await pool(engine, experts=2).programs().reply(ask())

    reader = asyncio.create_task(read(reply))
    while engine.num_in_flight < 2:
        engine.arrived.clear()
        await engine.arrived.wait()
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)

    assert engine.num_in_flight == 0
    assert len(engine.cancelled) == 2


async def test_limits_bind_every_voter_and_count_all_samples():
    engine = scripted()
    vote = pool(engine, samples=5, experts=3)
    shut_out = Limits(exclude=frozenset({"expert:large"}))

    await read(await vote.programs().reply(ask(limits=shut_out)))
    assert [call.expert for call in engine.calls] == ["small", "hosted"]

    # An answer of 256 tokens at 10 USD a million is 0.00256 USD; five are more than a cap for two.
    only_large = Limits(include=(frozenset({"expert:large"}),), max_price_usd=0.006)
    with pytest.raises(LimitsError, match="max_price_usd"):
        await vote.programs().reply(ask(limits=only_large))


async def test_in_turn_it_stops_once_answers_agree():
    engine = scripted(small="Answer: 4")

    reply = await pool(engine, samples=5, in_turn=True).programs().reply(ask())

    assert await said(reply) == "Answer: 4"
    assert len(engine.calls) == 2
    assert {call.sampling.n for call in engine.calls} == {1}


async def test_in_turn_it_goes_on_while_answers_differ():
    engine = scripted(small="Answer: 3", large="Answer: 4", hosted="Answer: 4")
    vote = pool(engine, samples=1, experts=3, in_turn=True, confidence=1.0)

    assert await said(await vote.programs().reply(ask())) == "Answer: 4"
    assert [call.expert for call in engine.calls] == ["small", "large", "hosted"]


async def test_samples_in_turn_have_seeds_of_their_own():
    engine = scripted(small="Answer: 4")
    vote = pool(engine, samples=3, in_turn=True)

    await read(await vote.programs().reply(ask(sampling=Sampling(seed=7))))

    assert [call.sampling.seed for call in engine.calls] == [7, 8]

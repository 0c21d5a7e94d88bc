"""Answers that break off in their middle: who goes on, from what, and what it all took."""

import json
from dataclasses import replace

import pytest

from orchestrator.compositions.base import Query
from orchestrator.engines.base import Chat, Message, Sampling, Structure, Text, TextPart, Tool
from orchestrator.engines.collecting import Gathering, collect
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    EngineProtocolError,
    OrchestratorError,
    StalledError,
)
from orchestrator.routing.limits import Limits
from tests.composed import composed
from tests.served import data_of
from tests.unit.compositions.pool import URL, Pool, SeeingEngine, ask

WORDS = "one two three four"
CUT = EngineProtocolError("cut")


def upstream(continues: str, **more) -> dict[str, object]:
    spec = {"kind": "openai", "base_url": URL, "model": "m", "continues": continues}
    return {"engine": spec, **more}


PRICED = {
    "small": {"price": {"input_usd_per_mtok": 100.0, "output_usd_per_mtok": 200.0}},
    "large": upstream("vllm", price={"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 10.0}),
}


def breaking(*, times: int = 1, by: OrchestratorError = CUT, at: int = 2, **more) -> SeeingEngine:
    """Everybody says the same words; the first calls break off at one of them."""
    left = [by] * times

    def script(call) -> Script:
        fails = left.pop() if left else None
        return Script(says=WORDS, fails=fails, fails_at=at, **more)

    return SeeingEngine(script=script)


def pool(engine, *, fallbacks: int = 2, experts=None) -> Pool:
    able = {"large": upstream("prefill"), **(experts or {})}
    return Pool(engine=engine, auto={"fallbacks": fallbacks}, experts=able)


async def reply_to(engine, query: Query | None = None, **more):
    return await pool(engine, **more).programs().reply(query or ask())


async def text_of(reply) -> str:
    return (await collect(reply.items)).choices[0].text


@pytest.mark.parametrize(
    "error",
    [CUT, EngineDeadError("gone"), StalledError("nothing came"), EngineError("it said so")],
    ids=["cut", "dead", "stalled", "failed"],
)
async def test_an_answer_that_breaks_off_is_gone_on_with_to_its_end(error):
    engine = breaking(by=error)
    reply = await reply_to(engine)

    assert await text_of(reply) == WORDS
    assert [call.expert for call in engine.calls] == ["small", "small"]
    assert reply.decision.failed == {"small": error.code}
    assert reply.decision.num_continued == 1


async def test_who_goes_on_is_given_what_was_said_as_its_own_open_turn():
    engine = breaking()

    await text_of(await reply_to(engine))

    first, second = (call.prompt for call in engine.calls)
    turn = Message(role="assistant", content=(TextPart(text="one two"),))
    assert second == Chat(messages=(*first.messages, turn), continues=True)


async def test_an_expert_that_breaks_off_twice_is_followed_by_the_next():
    engine = breaking(times=2, at=1)
    reply = await reply_to(engine)

    assert await text_of(reply) == WORDS
    assert [call.expert for call in engine.calls] == ["small", "small", "large"]
    assert reply.decision.expert == "large"


async def test_experts_that_cannot_go_on_are_passed_over():
    engine = breaking()
    experts = {"small": upstream("no"), "large": upstream("no"), "hosted": upstream("vllm")}

    reply = await reply_to(engine, experts=experts)

    assert await text_of(reply) == WORDS
    assert [call.expert for call in engine.calls] == ["small", "hosted"]


async def test_where_nobody_can_go_on_the_answer_ends_as_it_failed():
    engine = breaking()
    experts = {name: upstream("no") for name in ("small", "large", "hosted")}

    with pytest.raises(EngineProtocolError):
        await text_of(await reply_to(engine, experts=experts))

    assert len(engine.calls) == 1


async def test_raw_text_is_gone_on_with_by_anybody():
    engine = breaking()
    experts = {"small": upstream("no")}
    query = Query(id="q1", model="small", prompt=Text(text="count:"))

    assert await text_of(await reply_to(engine, query, experts=experts)) == WORDS[:7] + WORDS
    assert engine.calls[1].prompt == Text(text="count:one two")


def named(**more) -> Query:
    return ask(model="small", **more)


USER = Message(role="user", content=(TextPart(text="hi"),))
BEGUN = Message(role="assistant", content=(TextPart(text="I"),))
UNFIT = {
    "several": named(sampling=Sampling(n=2)),
    "scored": named(sampling=Sampling(top_logprobs=0)),
    "formed": named(structure=Structure(kind="json_object")),
    "tooled": named(chat=Chat(messages=(USER,), tools=(Tool(name="look"),))),
    "begun": named(chat=Chat(messages=(USER, BEGUN))),
}


@pytest.mark.parametrize("query", UNFIT.values(), ids=UNFIT)
async def test_what_is_more_than_plain_text_is_not_gone_on_with(query):
    engine = breaking()
    able = {"max_model_len": 512, "kind": "vllm", "tool_parser": "hermes"}

    with pytest.raises(EngineProtocolError):
        await text_of(await reply_to(engine, query, experts={"small": {"engine": able}}))

    assert len(engine.calls) == 1


async def test_thoughts_that_were_told_are_not_gone_on_with():
    engine = breaking(reasoning="hm")

    with pytest.raises(EngineProtocolError):
        await text_of(await reply_to(engine))


async def test_an_answer_of_several_calls_is_no_longer_than_was_asked_for():
    engine = breaking()
    reply = await reply_to(engine, ask(sampling=Sampling(max_tokens=3)))

    answer = await collect(reply.items)

    assert answer.choices[0].text == "one two three"
    assert answer.choices[0].finish_reason == "length"
    assert [call.sampling.max_tokens for call in engine.calls] == [3, 1]


async def test_an_answer_that_broke_off_at_its_length_is_whole():
    engine = breaking()
    reply = await reply_to(engine, ask(sampling=Sampling(max_tokens=2)))

    answer = await collect(reply.items)

    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("one two", "length")
    assert len(engine.calls) == 1


async def test_prompt_and_answer_are_counted_once_and_the_cost_is_of_all_calls():
    reply = await reply_to(breaking(times=2, at=1), experts=PRICED)

    usage = (await collect(reply.items)).usage

    # `small` read 1 and wrote 1, read 2 and wrote 1; `large` read 3 and wrote 2.
    assert (usage.prompt_tokens, usage.completion_tokens) == (1, 4)
    assert usage.cost_usd == pytest.approx((3 * 100 + 2 * 200 + 3 * 1 + 2 * 10) / 1e6)


async def test_all_tries_of_a_request_have_one_budget():
    engine = breaking(times=9, at=1)
    programs = replace(pool(engine), defaults={"max_retries": 1}).programs()

    with pytest.raises(EngineProtocolError):
        await text_of(await programs.reply(ask()))

    assert len(engine.calls) == 2


async def test_a_cap_that_leaves_no_other_call_lets_the_failure_be_told():
    engine = breaking()

    with pytest.raises(EngineProtocolError):
        await text_of(await reply_to(engine, ask(limits=Limits(max_calls=1))))

    assert len(engine.calls) == 1


async def test_the_expert_that_told_its_tokens_goes_on_behind_them():
    engine = breaking(tells_ids=True)

    answer = await collect((await reply_to(engine)).items)

    first, second = engine.calls
    assert (second.prompt, second.begun) == (first.prompt, (0, 1))
    assert answer.choices[0].text == WORDS
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (1, 4)


async def test_another_expert_is_told_the_words_and_not_the_tokens():
    engine = breaking(times=2, at=1, tells_ids=True)

    assert await text_of(await reply_to(engine)) == WORDS

    assert [call.begun for call in engine.calls] == [(), (0,), ()]
    assert engine.calls[2].prompt.messages[-1].text == "one two"


async def test_tokens_that_are_not_all_of_the_words_are_not_gone_on_with():
    # Of "one two three" the stop string holds " th" back, and with it the token of " three".
    engine = breaking(at=3, tells_ids=True)
    query = named(sampling=Sampling(stop=("three is enough",)))

    assert await text_of(await reply_to(engine, query)) == WORDS

    assert engine.calls[1].begun == ()
    assert engine.calls[1].prompt.messages[-1].text == "one two "


async def test_a_prompt_of_tokens_is_gone_on_with_by_tokens():
    engine = breaking(tells_ids=True)
    query = Query(id="q1", model="small", prompt=Text(token_ids=(7, 8)))

    assert await text_of(await reply_to(engine, query)) == WORDS

    assert (engine.calls[1].prompt, engine.calls[1].begun) == (query.prompt, (0, 1))


async def test_a_prompt_of_tokens_is_not_gone_on_with_by_words():
    engine = breaking()
    query = Query(id="q1", model="small", prompt=Text(token_ids=(7, 8)))

    with pytest.raises(EngineProtocolError):
        await text_of(await reply_to(engine, query))

    assert len(engine.calls) == 1


async def test_every_word_comes_as_it_is_said_and_none_twice():
    reply = await reply_to(breaking())
    gathering, pieces = Gathering(), []

    async for chunk in reply.items:
        gathering.add(chunk)
        pieces += [delta.text for delta in chunk.deltas if delta.text]

    assert pieces == ["one", " two", " three", " four"]
    assert gathering.num_ended == 1


async def test_a_whole_answer_that_is_malformed_is_asked_for_once_more():
    engine = breaking(at=0)
    reply = await reply_to(engine, named(is_streamed=False))

    assert await text_of(reply) == WORDS
    assert len(engine.calls) == 2


async def test_the_last_call_of_a_composition_is_gone_on_with_too():
    scripts = iter([Script(), Script(says=WORDS, fails=CUT, fails_at=2)])
    engine = FakeEngine(script=lambda _: next(scripts, Script(says=WORDS)))

    response = await composed(engine).chat(model="refined", stream=True)

    told = [json.loads(one) for one in data_of(response) if one != "[DONE]"]
    text = "".join(one["choices"][0]["delta"].get("content") or "" for one in told)
    assert text == WORDS
    assert response.text.endswith("data: [DONE]\n\n")

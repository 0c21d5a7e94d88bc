"""`kind: self_moa_seq`: any number of samples, merged a window at a time."""

import asyncio

import pytest
from pydantic import ValidationError

from orchestrator.compositions.base import Query, Reply
from orchestrator.engines.base import Chunk, Sampling, Structure, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.errors import (
    ContextTooLongError,
    EngineDeadError,
    LimitsError,
    UnsupportedParameterError,
)
from orchestrator.routing.limits import Limits
from tests.unit.compositions.pool import Pool, SeeingEngine, ask
from tests.unit.compositions.test_self_moa import candidates

DEAD = EngineDeadError("its process is gone")
SAMPLES = Script(says=tuple(f"s{number}" for number in range(12)))


class Writing:
    """The aggregator writes `w1`, `w2` and so on; a step may be told to do otherwise."""

    def __init__(self, samples: Script = SAMPLES, **by_step: Script) -> None:
        self._samples, self._by_step, self._num = samples, by_step, 0

    def __call__(self, call) -> Script:
        if "<candidate" not in last_user_text(call):
            return self._samples
        self._num += 1
        name = f"w{self._num}"
        return self._by_step.get(name, Script(says=name))


def engine(samples: Script = SAMPLES, **by_step: Script) -> SeeingEngine:
    return SeeingEngine(script=Writing(samples, **by_step))


def pool(engine: SeeingEngine, **more: object) -> Pool:
    return Pool(engine=engine, auto={"kind": "self_moa_seq", **more})


async def said(reply: Reply) -> str:
    return (await collect(reply.items)).choices[0].text


def windows(engine: SeeingEngine) -> list[list[str]]:
    return [candidates(call) for call in list(engine.calls)[1:]]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"window": 3, "slots": 3}, "no room for samples beside 3 slots"),
        ({"samples": 1}, "greater than or equal to 2"),
        ({"slots": 0}, "greater than or equal to 1"),
    ],
)
def test_windows_that_merge_nothing_are_refused(keys, reason):
    with pytest.raises(ValidationError, match=reason):
        pool(engine(), **keys).programs()


async def test_a_raw_text_is_refused():
    text = Query(id="q1", model="auto", prompt=Text(text="Once upon"))

    with pytest.raises(UnsupportedParameterError, match="takes a conversation"):
        await pool(engine()).programs().reply(text)


async def test_an_aggregator_that_limits_shut_out_is_refused_before_anybody_is_asked():
    watched, shut_out = engine(), Limits(exclude=frozenset({"expert:hosted"}))

    with pytest.raises(LimitsError, match="'hosted'"):
        await pool(watched, aggregator="hosted").programs().reply(ask(limits=shut_out))

    assert not watched.calls


async def test_twelve_samples_are_one_request_and_three_windows():
    watched = engine()

    reply = await pool(watched, aggregator="large").programs().reply(ask())

    assert await said(reply) == "w3"
    samples, *steps = watched.calls
    assert (samples.expert, samples.sampling.n, samples.sampling.temperature) == ("small", 12, 0.7)
    assert {call.expert for call in steps} == {"large"}
    # Six samples; then the synthesis three times and three new ones, twice: 1 + (12 - 6) / 3.
    assert windows(watched) == [
        ["s0", "s1", "s2", "s3", "s4", "s5"],
        ["w1", "w1", "w1", "s6", "s7", "s8"],
        ["w2", "w2", "w2", "s9", "s10", "s11"],
    ]


async def test_window_and_slots_are_the_entry_s():
    watched = engine()

    await said(await pool(watched, samples=4, window=3, slots=1).programs().reply(ask()))

    assert windows(watched) == [["s0", "s1", "s2"], ["w1", "s3"]]


async def test_few_samples_are_one_step():
    watched = engine()

    assert await said(await pool(watched, samples=5).programs().reply(ask())) == "w1"
    assert windows(watched) == [["s0", "s1", "s2", "s3", "s4"]]


async def test_the_last_step_is_streamed_and_those_before_it_are_not():
    last = asyncio.Event()
    watched = engine(w3=Script(says="all of it", gate=last, gate_at=2))
    reply = await pool(watched).programs().reply(ask())

    first = await anext(item async for item in reply.items if isinstance(item, Chunk))

    assert first.deltas[0].text == "all"
    last.set()
    assert await said(reply) == " of it"


async def test_form_and_stops_are_for_the_last_step_alone():
    watched = engine()
    form = Structure(kind="json_object")

    await said(
        await pool(watched, samples=9)
        .programs()
        .reply(ask(structure=form, sampling=Sampling(stop=("x",), temperature=0.2)))
    )

    samples, first, last = watched.calls
    assert [call.structure for call in (samples, first, last)] == [None, None, form]
    assert [call.sampling.stop for call in (samples, first, last)] == [(), (), ("x",)]
    assert [call.sampling.temperature for call in (samples, first, last)] == [0.7, 0.2, 0.2]


@pytest.mark.parametrize(
    ("failing", "told", "author"),
    [("w1", "s0", "small"), ("w2", "w1", "large"), ("w3", "w2", "large")],
    ids=["the first step", "one between", "the last"],
)
async def test_where_a_step_fails_what_was_written_so_far_is_the_answer(failing, told, author):
    watched = engine(**{failing: Script(fails=DEAD)})

    reply = await pool(watched, aggregator="large").programs().reply(ask())

    assert await said(reply) == told
    assert reply.decision.expert == author
    assert reply.decision.failed == {"large": "engine_dead"}
    assert len(windows(watched)) == int(failing[1])


async def test_a_step_that_says_nothing_ends_the_sequence():
    watched = engine(w2=Script(says=" "))

    reply = await pool(watched, aggregator="large").programs().reply(ask())

    assert await said(reply) == "w1"
    assert reply.decision.failed == {"large": "engine_protocol"}


async def test_a_window_that_the_context_does_not_hold_is_halved():
    too_long = ContextTooLongError("too long")
    watched = engine(w2=Script(fails=too_long))

    assert await said(await pool(watched).programs().reply(ask())) == "w4"
    assert windows(watched)[1:3] == [["w1", "w1", "w1", "s6", "s7", "s8"], ["w1", "w1", "w1"]]


async def test_a_cap_on_calls_leaves_the_latest_synthesis():
    watched = engine()

    reply = await pool(watched).programs().reply(ask(limits=Limits(max_calls=3)))

    assert await said(reply) == "w2"
    assert reply.reached == ("max_calls",)
    assert len(watched.calls) == 3


async def test_what_was_written_so_far_ends_where_its_caller_says():
    watched = engine(w1=Script(says="so far END more"), w2=Script(fails=DEAD))

    asked = ask(sampling=Sampling(stop=("END",)))
    reply = await pool(watched, samples=12).programs().reply(asked)

    assert await said(reply) == "so far "


async def test_caps_that_hold_fewer_samples_draw_fewer():
    watched = engine()
    # `large`: 2 tokens of answer at 10 USD a million are 2e-5 USD, the prompt 7.4e-5 at most.
    only = Limits(include=(frozenset({"expert:large"}),), max_price_usd=1.6e-4)

    reply = await pool(watched).programs().reply(ask(limits=only, sampling=Sampling(max_tokens=2)))

    assert await said(reply) == "s0"
    assert watched.calls[0].sampling.n == 4
    assert reply.reached == ("max_price_usd",)


async def test_fewer_samples_than_the_entry_wants_are_an_error():
    watched = engine(Script(fails=DEAD))

    with pytest.raises(EngineDeadError):
        await said(await pool(watched).programs().reply(ask()))

"""Stages: calls together, partial answers, caps, progress, compositions inside compositions."""

import asyncio
import time
from dataclasses import replace

import pytest

from orchestrator.compositions.programs import Programs
from orchestrator.compositions.progress import Progress
from orchestrator.engines.base import Chunk
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, LimitsError, OverloadedError
from orchestrator.registry.models import Registry
from orchestrator.routing.limits import Limits
from tests.served import PreferenceRouter
from tests.unit.compositions.pool import SeeingEngine, ask

DEAD = EngineDeadError("its process is gone")


def programs(engine, compositions: dict, *, experts=("a", "b", "c"), **defaults) -> Programs:
    registry = Registry.model_validate(
        {
            "experts": [{"id": name, "engine": {"kind": "fake"}} for name in experts],
            "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "a"}},
            "compositions": compositions,
            "defaults": defaults,
        }
    )
    router = PreferenceRouter(*experts)
    return Programs(registry, generation=1, routers={"topic": router}, dispatch=engine)


VOTE = {"kind": "vote", "router": "topic", "samples": 1, "experts": 3}


async def told(reply):
    return [item async for item in reply.items]


async def test_a_cap_on_calls_leaves_out_the_calls_beyond_it_and_says_so():
    engine = SeeingEngine(says="yes")

    reply = await programs(engine, {"all": VOTE}).reply(
        ask(model="all", limits=Limits(max_calls=2))
    )
    answer = await collect(reply.items)

    assert answer.choices[0].text == "yes"
    assert [call.expert for call in engine.calls] == ["a", "b"]
    assert reply.reached == ("max_calls",)
    assert dict(reply.decision.failed) == {"c": "limits_unmet"}


async def test_without_room_for_any_call_the_request_is_refused():
    engine = SeeingEngine(says="yes")

    reply = await programs(engine, {"all": VOTE}).reply(
        ask(model="all", limits=Limits(max_total_tokens=10))
    )

    with pytest.raises(LimitsError, match="max_total_tokens"):
        await collect(reply.items)
    assert not engine.calls


async def test_answers_that_ended_before_their_call_failed_are_kept():
    def script(call):
        return Script(says=("one", "four five six seven"), fails=DEAD, fails_at=3)

    entry = {"kind": "self_moa", "router": "topic", "samples": 2, "min_answers": 1}
    reply = await programs(SeeingEngine(script=script), {"best": entry}).reply(
        ask(model="best", is_streamed=False)
    )

    # The samples' call dies with one of two answers there, which then stands alone.
    assert (await collect(reply.items)).choices[0].text == "one"


async def test_stages_are_told_as_they_go_and_the_answer_after_them():
    gate = asyncio.Event()
    engine = SeeingEngine(
        script=lambda call: Script(says="x", gate=gate if call.expert == "c" else None)
    )
    vote = {**VOTE, "min_answers": 3}
    reply = await programs(engine, {"all": vote}).reply(ask(model="all"))

    items = aiter(reply.items)
    first = [await anext(items) for _ in range(3)]
    gate.set()
    rest = [item async for item in items]

    assert [(one.state, one.num_done, one.num_calls) for one in first] == [
        ("started", 0, 3), ("running", 1, 3), ("running", 2, 3),
    ]  # fmt: skip
    assert first[0].path == ("vote",)
    assert first[0].models == ("a", "b", "c")
    assert [one.state for one in rest if isinstance(one, Progress)] == ["done"]
    assert isinstance(rest[-1], Chunk)


async def test_what_a_call_took_is_its_own():
    ended = asyncio.Event()
    engine = SeeingEngine(
        script=lambda call: Script(says="x", gate=ended if call.expert == "c" else None)
    )
    began_s = time.monotonic()
    reply = await programs(engine, {"all": {**VOTE, "min_answers": 3}}).reply(ask(model="all"))

    async for item in reply.items:
        if isinstance(item, Progress) and item.num_done == 2:
            two_s = time.monotonic() - began_s
            asyncio.get_running_loop().call_later(two_s + 0.02, ended.set)

    first, second, _ = reply.stages[0].calls
    assert max(first.took_s, second.took_s) <= two_s


async def test_who_does_not_read_along_is_told_the_answer_alone():
    reply = await programs(SeeingEngine(), {"all": VOTE}).reply(ask(model="all", is_streamed=False))

    assert all(isinstance(item, Chunk) for item in await told(reply))


async def test_whoever_hangs_up_while_stages_run_ends_every_call():
    engine = SeeingEngine(script=lambda call: Script(says="x", gate=asyncio.Event()))
    reply = await programs(engine, {"all": VOTE}).reply(ask(model="all"))

    items = aiter(reply.items)
    await anext(items)
    while engine.num_in_flight < 3:
        engine.arrived.clear()
        await engine.arrived.wait()
    await items.aclose()

    assert engine.num_in_flight == 0
    assert len(engine.cancelled) == 3


NESTED = {
    "inner": {**VOTE, "experts": 2},
    "outer": {"kind": "cascade", "cheap": ["inner"], "samples": 2, "strong": "c", "tau": 1.0},
}


async def test_a_composition_answers_inside_another_one_like_an_expert():
    engine = SeeingEngine(says="5")

    reply = await programs(engine, NESTED).reply(ask(model="outer"))
    items = await told(reply)

    [cheap] = reply.stages
    assert [call.expert for call in cheap.calls] == ["inner", "inner"]
    assert [[c.expert for s in call.stages for c in s.calls] for call in cheap.calls] == [
        ["a", "b"], ["a", "b"],
    ]  # fmt: skip
    paths = {item.path for item in items if isinstance(item, Progress)}
    assert paths == {("cheap",), ("cheap", "vote")}
    whole = sum(call.usage.completion_tokens for call in cheap.calls)
    assert items[-1].usage.completion_tokens == whole == 4


async def test_caps_hold_for_what_is_nested_together():
    engine = SeeingEngine(says="5")

    reply = await programs(engine, NESTED).reply(ask(model="outer", limits=Limits(max_calls=3)))
    await collect(reply.items)

    assert len(engine.calls) == 3
    assert reply.reached == ("max_calls",)


async def test_a_failed_inner_composition_is_a_failed_call():
    def script(call):
        return Script(fails=DEAD) if call.expert in ("a", "b") else Script(says="7")

    reply = await programs(SeeingEngine(script=script), NESTED).reply(ask(model="outer"))

    assert (await collect(reply.items)).choices[0].text == "7"
    assert "inner" in reply.decision.failed


async def test_a_seed_gives_each_sample_of_a_composition_its_own():
    engine = SeeingEngine(says="5")
    query = ask(model="outer")
    query = replace(query, sampling=replace(query.sampling, seed=7))

    await collect((await programs(engine, NESTED).reply(query)).items)

    seeds = {name: [c.sampling.seed for c in engine.calls if c.expert == name] for name in "ab"}
    assert seeds["a"] == seeds["b"]
    assert len(set(seeds["a"])) == 2


async def test_an_answer_that_nobody_reads_along_falls_back_to_the_best_so_far():
    def script(call):
        if call.expert == "b":
            return Script(says="half an answer", fails=DEAD, fails_at=1)
        return Script(says=("one", "two"))

    entry = {"kind": "self_moa", "router": "topic", "samples": 2, "aggregator": "b"}
    reply = await programs(SeeingEngine(script=script), {"best": entry}).reply(
        ask(model="best", is_streamed=False)
    )

    assert (await collect(reply.items)).choices[0].text == "one"
    assert dict(reply.decision.failed) == {"b": DEAD.code}


class Budget:
    """Three calls of a caller's, whatever its requests are."""

    def __init__(self, num_calls: int) -> None:
        self.num_left, self.num_settled = num_calls, 0

    async def reserve(self, most):
        is_looked_up = asyncio.Event()
        asyncio.get_running_loop().call_soon(is_looked_up.set)
        await is_looked_up.wait()
        if self.num_left < most.calls:
            raise OverloadedError("the budget of this key is spent", reason="budget")
        self.num_left -= most.calls

    def settle(self, most, took):
        self.num_settled += took.calls


async def test_what_a_caller_may_spend_binds_every_call_of_every_request():
    budget, served = Budget(4), programs(SeeingEngine(says="yes"), {"all": VOTE})

    first = await served.reply(ask(model="all", allowance=budget))
    await collect(first.items)
    second = await served.reply(ask(model="all", allowance=budget))
    answer = await collect(second.items)
    third = await served.reply(ask(model="a", allowance=budget))

    assert answer.choices[0].text == "yes"
    assert dict(second.decision.failed) == {"b": "overloaded", "c": "overloaded"}
    assert second.reached == ("allowance",)
    with pytest.raises(OverloadedError, match="budget"):
        await collect(third.items)
    assert (budget.num_left, budget.num_settled) == (0, 4)


async def test_a_stream_that_the_end_of_its_time_cuts_off_ends_there_with_a_mark():
    def script(call):
        if call.expert == "b":
            return Script(says="said so far and no further", gate=asyncio.Event(), gate_at=3)
        return Script(says=("one", "two"))

    entry = {"kind": "self_moa", "router": "topic", "samples": 2, "aggregator": "b"}
    reply = await programs(SeeingEngine(script=script), {"best": entry}).reply(
        ask(model="best", timeout_s=2.0)
    )

    [choice] = (await collect(reply.items)).choices

    assert (choice.text, choice.finish_reason) == ("said so far", "length")
    assert reply.reached == ("timeout_s",)

"""Clients of a slot in the same process."""

import asyncio

from bench.closed_loop import carry_out
from orchestrator.engines.base import Call, Text
from orchestrator.engines.fake import FakeHost
from orchestrator.engines.slot import Slot
from orchestrator.errors import SwapError
from orchestrator.registry.models import Expert

MATHS, FRENCH, BROKEN = (Expert(id=name) for name in ("maths", "french", "broken"))


def call(expert: Expert) -> Call:
    prompt = Text(text="hi")
    return Call(id="c", expert=expert.id, version=expert.version, generation=1, prompt=prompt)


def slot_of(host: FakeHost) -> Slot:
    slot = Slot("bench", clock=asyncio.get_running_loop())
    slot.seat("siblings", host, [MATHS, FRENCH, BROKEN])
    return slot


async def test_every_call_is_asked_once_and_its_answer_and_swaps_are_told():
    asked = [MATHS, FRENCH, MATHS, FRENCH]
    slot = slot_of(FakeHost([MATHS, FRENCH, BROKEN]))

    went = await carry_out(slot, [call(expert) for expert in asked], num_clients=2)

    assert sorted(one.text or "" for one in went.asked) == ["french: hi"] * 2 + ["maths: hi"] * 2
    assert (went.num_failed, went.num_swaps) == (0, went.num_steps["swap"])
    assert went.longest_s <= went.wall_s


async def test_a_call_that_fails_is_counted_by_its_code_and_no_answer():
    host = FakeHost([MATHS, FRENCH, BROKEN], broken={"broken": SwapError("it is damaged")})

    went = await carry_out(slot_of(host), [call(BROKEN), call(MATHS)], num_clients=1)

    assert went.num_failed == 1
    assert went.figures()["failed"] == {SwapError.code: 1}
    assert went.requests_per_s == 1 / went.wall_s

"""A slot as it is told of and steered: what it says is what it does."""

import asyncio
import json
import logging
from contextlib import aclosing

import pytest

from orchestrator import metrics
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.slot import Slot
from orchestrator.engines.steering import Steering
from orchestrator.errors import NotHostedError, OverloadedError, SwapError
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.wishes import Wish
from tests.unit.engines.test_slot import FRENCH, MATHS, begun, call, said, slot_on


def wished(slot, kind, expert):
    wish = Wish(kind=kind, expert=expert.id, key=expert.key)
    return Steering("local-0", slot, clock=ManualClock()).carry_out(wish)


def host_of(slot):
    (host,) = slot.describe().hosts
    return host


class Refusing(FakeHost):
    """Does not become what it is told to be afraid of."""

    async def become(self, expert):
        if expert.id == "french":
            raise SwapError("its canary differs")
        await super().become(expert)


@pytest.mark.parametrize("kind", ["load", "unload", "pin", "unpin"])
async def test_a_wish_for_what_is_not_hosted_is_refused(kind):
    with pytest.raises(NotHostedError, match="'french'"):
        await wished(slot_on(FakeHost([MATHS]), [MATHS]), kind, FRENCH)


async def test_a_load_whose_step_fails_says_so_and_the_expert_is_told_as_broken():
    slot = slot_on(Refusing([MATHS, FRENCH]))

    with pytest.raises(SwapError, match="its canary differs"):
        await wished(slot, "load", FRENCH)

    assert "its canary differs" in slot.describe().broken[FRENCH.key]


async def test_what_is_loaded_is_resident_and_held_by_nobody():
    slot = slot_on(FakeHost([MATHS, FRENCH]))

    await wished(slot, "load", FRENCH)

    assert (host_of(slot).residents, host_of(slot).in_flight) == ((FRENCH.key,), {})


@pytest.mark.parametrize("max_wait_s", [None, 2.0])
async def test_what_a_pin_leaves_no_engine_for_is_refused_at_once(max_wait_s):
    slot = slot_on(FakeHost([MATHS, FRENCH]))
    await wished(slot, "pin", MATHS)

    with pytest.raises(OverloadedError, match=f"{MATHS.key}.* pinned at its slot"):
        await said(slot, call("french", max_wait_s=max_wait_s))
    with pytest.raises(OverloadedError, match="pinned"):
        await wished(slot, "load", FRENCH)

    assert slot.describe().num_waiting == 0


async def test_a_pin_is_told_before_its_expert_is_there_and_holds_it_then():
    slot = slot_on(FakeHost([MATHS, FRENCH]))
    await wished(slot, "pin", FRENCH)
    assert host_of(slot).pinned == (FRENCH.key,)
    await wished(slot, "load", FRENCH)

    with pytest.raises(OverloadedError):
        await said(slot, call("maths"))
    assert host_of(slot).residents == (FRENCH.key,)

    await wished(slot, "unpin", FRENCH)
    assert await said(slot, call("maths")) == "maths: hi"


async def test_who_waits_is_told_with_the_time_to_its_turn():
    gate = asyncio.Event()
    clock = ManualClock()
    slot = slot_on(FakeHost([MATHS, FRENCH], engine=FakeEngine("slow", gate=gate)), clock=clock)
    async with aclosing(slot.generate(call("maths"))) as running:
        first = await begun(anext(running))
        waiting = await begun(said(slot, call("french")))
        clock.advance(0.5)

        report = slot.describe()
        gate.set()
        await first
    await waiting

    (told,) = report.waiting
    assert (told.expert, told.num_calls, told.oldest_s) == (FRENCH.key, 1, 0.5)
    assert told.expected_s > 0
    assert report.why.startswith("engine 'llama' ends 1 call")


async def test_hits_are_calls_that_found_their_expert_there():
    slot = slot_on(FakeHost([MATHS, FRENCH]))

    for expert in ("maths", "french", "french", "maths"):
        await said(slot, call(expert))

    report = slot.describe()
    assert (report.num_admitted, report.num_hits, report.num_steps) == (4, 2, {"swap": 2})
    assert (report.reuse.num_uses, report.reuse.sch) == (4, 1 / 4)


async def test_every_decision_and_every_step_is_one_line(caplog):
    slot = slot_on(FakeHost([MATHS, FRENCH]))

    with caplog.at_level(logging.INFO, logger="orchestrator.engines.journal"):
        await said(slot, call("maths"))
        await said(slot, call("french"))

    lines = [json.loads(line) for line in caplog.messages]
    assert [(one["action"], one["expert"], one["engine"]) for one in lines] == [
        ("decision", FRENCH.key, "llama"),
        ("step", FRENCH.key, "llama"),
    ]
    assert lines[0]["why"].startswith(f"1 call waits for '{FRENCH.key}'")
    assert slot.describe().action.endswith(lines[0]["why"])


async def test_refusals_are_counted_by_what_there_was_too_much_of():
    gate, clock = asyncio.Event(), ManualClock()
    host = FakeHost([MATHS, FRENCH], engine=FakeEngine("slow", gate=gate))
    slot = Slot("refusing", clock=clock, limits=LoopLimits(max_queue=1))
    slot.seat("llama", host, [MATHS, FRENCH])
    async with aclosing(slot.generate(call("maths"))) as running:
        first = await begun(anext(running))
        waiting = await begun(said(slot, call("french", max_wait_s=2.0)))
        with pytest.raises(OverloadedError, match="max_queue"):
            await said(slot, call("french"))
        clock.advance(2.0)
        with pytest.raises(OverloadedError, match="max_wait_s"):
            await waiting
        gate.set()
        await first

    counted = {
        one: metrics.REFUSALS.labels("refusing", one)._value.get()
        for one in ("queue_full", "bound_passed", "too_late")
    }
    assert counted == {"queue_full": 1, "bound_passed": 1, "too_late": 0}

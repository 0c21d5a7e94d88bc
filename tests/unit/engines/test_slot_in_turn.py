"""A slot that is assigned more than it holds: its engines come up in turn."""

import asyncio
import random

import pytest

from orchestrator.errors import (
    EngineDeadError,
    NotHostedError,
    OutOfMemoryError,
    OverloadedError,
    SwapError,
)
from orchestrator.residency.limits import RETRY_S
from orchestrator.residency.roster import Room
from tests.unit.engines.crowded import ALL_RUNGS, Crowded


async def test_what_fits_comes_up_ahead_of_need_and_the_rest_is_open_to_be_called():
    crowded = await Crowded("abc", gib=20).started()

    assert crowded.rungs == {"a": "serving", "b": "serving", "c": "stopped"}
    assert {host.engine: len(host.experts) for host in crowded.slot.describe().hosts} == {
        "a": 2, "b": 2, "c": 2
    }  # fmt: skip


async def test_a_call_for_what_does_not_fit_stops_an_idle_engine_and_starts_with_what_it_asks():
    crowded = await Crowded().started()

    assert await crowded.said("b1") == "b1: hi"

    assert crowded.rungs == {"a": "stopped", "b": "serving"}
    assert crowded.opened == ["a0", "b1"]
    assert await crowded.said("a0") == "a0: hi"


async def test_engines_that_sleep_are_woken_as_whatever_is_asked_for():
    crowded = await Crowded(gib=11, host_gib=20, rungs=ALL_RUNGS).started()

    for expert in ("b0", "a1", "b1"):
        assert await crowded.said(expert) == f"{expert}: hi"

    assert crowded.opened == ["a0", "b0"]  # 10 + 1 GiB: one serves, one sleeps
    assert crowded.slot.describe().num_steps == {"start": 2, "sleep": 3, "wake": 2}


async def test_what_answers_is_drained_and_not_broken_off():
    crowded = await Crowded().started()
    crowded.answers.clear()
    running = await crowded.asking("a0")
    waiting = await crowded.asking("b0", max_wait_s=5)
    await crowded.hosts["a"].engine.arrived.wait()

    crowded.clock.advance(1)
    assert crowded.rungs["a"] == "serving"
    crowded.answers.set()

    assert await asyncio.gather(running, waiting) == ["a0: hi", "b0: hi"]


async def test_two_engines_that_take_each_others_room_serve_all_who_wait():
    crowded = await Crowded(gib=10).started()

    experts = ["a0", "b0", "a1", "b1"] * 5
    answers = await asyncio.gather(*(crowded.said(one) for one in experts))

    assert answers == [f"{one}: hi" for one in experts]


async def test_without_room_even_alone_the_caller_hears_so_when_its_time_is_up():
    crowded = await Crowded(gib=9).started()
    waiting = await crowded.asking("a0", max_wait_s=5)

    crowded.clock.advance(5)

    with pytest.raises(OverloadedError, match=r"within 5\.0 s"):
        await waiting


async def test_what_takes_longer_to_start_than_anybody_waits_comes_up_all_the_same():
    crowded = Crowded()
    crowded.gate.clear()
    crowded.clock.advance(20)
    crowded.gate.set()
    await crowded.started()
    await crowded.said("a0")  # starts are known to take 20 s, calls nothing
    crowded.answers.clear()
    running = await crowded.asking("a0")

    with pytest.raises(OverloadedError, match=r"cannot be had within 5\.0 s"):
        await crowded.said("b1", max_wait_s=5)
    crowded.answers.set()
    await running
    await crowded.slot.settled()

    assert crowded.slot.describe().residents == (crowded.experts["b1"].key,)
    assert await crowded.said("b1", max_wait_s=5) == "b1: hi"


async def test_a_start_that_finds_too_little_memory_is_tried_again_when_another_has_stepped_down():
    crowded = await Crowded("abc", gib=30).started()
    crowded.slot.loop.engines["c"].is_resting = True
    await crowded.slot.unload(crowded.experts["c0"].key)
    crowded.failures["c1"] = [OutOfMemoryError("3 of 10 GiB are free")]

    assert await crowded.said("c1") == "c1: hi"

    assert crowded.rungs["c"] == "serving"
    assert sorted(crowded.rungs.values()) == ["serving", "serving", "stopped"]


async def test_a_start_that_runs_out_of_memory_twice_is_given_up_and_said():
    crowded = await Crowded("abc", gib=30).started()
    await crowded.slot.unload(crowded.experts["c0"].key)
    crowded.failures["c0"] = [OutOfMemoryError("3 of 10 GiB are free")] * 2

    with pytest.raises(EngineDeadError, match="3 of 10 GiB") as refused:
        await crowded.said("c0")

    assert refused.value.retry_after_s == RETRY_S
    down = {host.engine: host.down for host in crowded.slot.describe().hosts}
    assert down["c"] == "3 of 10 GiB are free"
    assert [await crowded.said(one) for one in ("a0", "b0")] == ["a0: hi", "b0: hi"]


async def test_a_sleeper_that_cannot_wake_is_ended_and_starts_later():
    crowded = await Crowded("ab", gib=11, host_gib=20, rungs=ALL_RUNGS).started()
    await crowded.said("b0")
    crowded.damage("a0", OutOfMemoryError("no room to wake"))

    with pytest.raises(EngineDeadError, match="no room to wake"):
        await crowded.said("a0")
    await crowded.slot.settled()
    assert crowded.rungs["a"] == "stopped"
    crowded.mend()
    crowded.clock.advance(RETRY_S)

    assert await crowded.said("a0") == "a0: hi"


async def test_an_engine_that_cannot_sleep_after_all_is_stopped_instead():
    crowded = await Crowded(gib=11, host_gib=20, rungs=ALL_RUNGS).started()

    async def refuses(rung):
        raise SwapError(f"{rung} is not available")

    crowded.hosts["a"].sleep = refuses

    assert await crowded.said("b0") == "b0: hi"
    assert crowded.rungs["a"] == "stopped"


async def test_a_damaged_expert_does_not_keep_its_siblings_from_starting():
    crowded = await Crowded().started()
    crowded.failures["b0"] = [SwapError("the canary of 'b0' does not match")] * 9

    await crowded.said("b1")  # it came up once, so what fails is its expert's fault
    await crowded.said("a0")
    with pytest.raises(SwapError, match="canary of 'b0'"):
        await crowded.said("b0")

    assert await crowded.said("b1") == "b1: hi"
    assert list(crowded.slot.describe().broken) == [crowded.experts["b0"].key]


async def test_an_expert_that_fails_twice_in_a_row_is_left_alone_until_something_changes():
    crowded = await Crowded(broken_s=30).started()
    crowded.damage("a1", SwapError("no canary"))

    for _ in range(2):
        with pytest.raises(SwapError, match="no canary"):
            await crowded.said("a1")
        crowded.clock.advance(30)
    crowded.clock.advance(1000)
    with pytest.raises(SwapError, match="not tried again before the registry is changed"):
        await crowded.said("a1")
    crowded.mend()
    crowded.slot.loop.forgive()

    assert await crowded.said("a1") == "a1: hi"


async def test_a_pinned_expert_stays_and_others_hear_why_they_wait():
    crowded = await Crowded().started()
    await crowded.said("a0")
    crowded.slot.pin(crowded.experts["a0"].key)

    waiting = [await crowded.asking(one, max_wait_s=5) for one in ("a1", "b0")]
    assert await crowded.said("a0") == "a0: hi"
    crowded.clock.advance(5)

    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [OverloadedError, OverloadedError]
    assert crowded.slot.describe().hosts[0].pinned == (crowded.experts["a0"].key,)
    crowded.slot.unpin(crowded.experts["a0"].key)
    assert await crowded.said("b0") == "b0: hi"


async def test_what_is_known_not_to_come_beside_a_pin_is_refused_at_once():
    crowded = await Crowded().started()
    await crowded.said("a1")
    await crowded.said("a0")
    crowded.slot.pin(crowded.experts["a0"].key)
    crowded.answers.clear()
    running = await crowded.asking("a0")

    with pytest.raises(OverloadedError, match=r"while \['a0@.*'\] are pinned") as refused:
        await crowded.said("a1", max_wait_s=5)

    assert refused.value.retry_after_s == 60
    crowded.answers.set()
    await running


async def test_an_operator_loads_and_unloads_an_expert():
    crowded = await Crowded().started()

    await crowded.slot.load(crowded.experts["b1"].key)
    assert crowded.slot.describe().residents == (crowded.experts["b1"].key,)
    await crowded.slot.unload(crowded.experts["b1"].key)

    assert crowded.rungs == {"a": "serving", "b": "stopped"}  # its room is taken ahead of need
    assert await crowded.said("b0") == "b0: hi"


async def test_what_was_unloaded_stays_down_until_it_is_called():
    crowded = await Crowded("a").started()

    await crowded.slot.unload(crowded.experts["a0"].key)
    crowded.clock.advance(100)

    assert crowded.rungs == {"a": "stopped"}
    assert crowded.device_gib == 0
    assert await crowded.said("a0") == "a0: hi"


async def test_unloading_ends_calls_first():
    crowded = await Crowded("a").started()
    crowded.answers.clear()
    running = await crowded.asking("a0")
    unloading = asyncio.create_task(crowded.slot.unload(crowded.experts["a0"].key))
    await crowded.hosts["a"].engine.arrived.wait()

    assert crowded.rungs == {"a": "serving"}
    crowded.answers.set()
    await asyncio.gather(running, unloading)

    assert crowded.rungs == {"a": "stopped"}


async def wished(slot, wish, key):
    done = getattr(slot, wish)(key)
    if done is not None:
        await done


@pytest.mark.parametrize("wish", ["load", "unload", "pin", "unpin"])
async def test_wishes_for_an_expert_that_is_not_hosted_name_it(wish):
    slot = (await Crowded().started()).slot

    with pytest.raises(NotHostedError, match="does not host expert 'law' in version '1'"):
        await wished(slot, wish, "law@1")


async def test_a_slot_that_became_too_small_ends_what_is_too_much_under_load():
    crowded = await Crowded("ab", gib=20).started()
    crowded.answers.clear()
    calls = [await crowded.asking(one) for one in ("a0", "b0")]
    await crowded.hosts["b"].engine.arrived.wait()

    crowded.slot.hold(["a", "b"], room=Room(device_gib=10))
    later = await crowded.asking("b1")
    assert crowded.rungs["b"] == "serving"  # it ends its call first
    crowded.answers.set()

    assert await asyncio.gather(*calls, later) == ["a0: hi", "b0: hi", "b1: hi"]
    assert crowded.device_gib <= 10


class Mischief:
    """What goes wrong in a crowded slot, by chance."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        rungs = self.draw.choice([ALL_RUNGS, ("serving", "stopped")])
        self.gib = self.draw.choice([12, 22, 30])
        self.crowded = Crowded("abcd", gib=self.gib, host_gib=13, rungs=rungs, capacity=2)
        self.ids = list(self.crowded.experts)

    async def befall(self) -> None:
        deeds = [self.kill, self.run_out, self.edit, self.damage, self.mend, *[self.wait] * 4]
        await self.draw.choice(deeds)()
        self.check()

    async def kill(self) -> None:
        await self.draw.choice(list(self.crowded.hosts.values())).die("killed")
        await self.crowded.slot.check()

    async def run_out(self) -> None:
        failures = self.crowded.failures.setdefault(self.draw.choice(self.ids), [])
        failures.append(OutOfMemoryError("none left"))

    async def edit(self) -> None:
        order = self.draw.sample("abcd", 4)
        room = Room(device_gib=self.gib, host_gib=13, at_once=self.draw.choice([1, 2]))
        self.crowded.slot.hold(order, room=room)

    async def damage(self) -> None:
        self.crowded.damage(self.draw.choice(self.ids), SwapError("canary"))

    async def mend(self) -> None:
        self.crowded.mend()
        self.crowded.slot.loop.forgive()

    async def wait(self) -> None:
        self.crowded.clock.advance(self.draw.choice([0.1, 1, 20]))

    def check(self) -> None:
        assert self.crowded.device_gib <= self.gib + 1e-6


def is_told(result) -> bool:
    """Whether a call hung up, or was refused with a reason."""
    if isinstance(result, asyncio.CancelledError):
        return True
    return isinstance(result, EngineDeadError | SwapError | OverloadedError) and bool(str(result))


@pytest.mark.parametrize("free", [0.0, 0.4], ids=["callers", "callers and a batch"])
@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_each_is_answered_by_its_own_expert_or_told_why(seed, free):
    mischief = Mischief(seed)
    crowded, draw = await mischief.crowded.started(), mischief.draw
    calls = []
    for _ in range(120):
        id_ = draw.choice(mischief.ids)
        is_free, max_wait_s = draw.random() < free, draw.choice([None, 5, 30])
        asking = crowded.asking(id_, max_wait_s=max_wait_s, is_background=is_free)
        calls.append((id_, await asking))
        if draw.random() < 0.3:
            await mischief.befall()
        if draw.random() < 0.1:
            draw.choice(calls)[1].cancel("hung up")
    while not all(task.done() for _, task in calls):
        crowded.clock.advance(1)
        await asyncio.sleep(0)
        mischief.check()

    results = await asyncio.gather(*(task for _, task in calls), return_exceptions=True)

    for (id_, _), result in zip(calls, results, strict=True):
        assert result == f"{id_}: hi" or is_told(result), repr(result)
    assert any(isinstance(one, str) for one in results)
    await crowded.slot.settled()
    while crowded.slot.loop.experts_in_use:  # experts that are brought up for who comes later
        crowded.clock.advance(1)
        await asyncio.sleep(0)
    report = crowded.slot.describe()
    assert (report.num_waiting, report.num_background, report.num_in_flight) == (0, 0, 0)
    await crowded.slot.close()

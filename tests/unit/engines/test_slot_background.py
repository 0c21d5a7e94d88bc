"""Calls that nobody waits for give way to others, and are answered all the same."""

import asyncio

import pytest

from orchestrator.engines.base import Text
from orchestrator.engines.embedding import EmbedCall
from orchestrator.errors import EngineDeadError, OverloadedError
from orchestrator.residency.courteous import QUIET_S
from tests.unit.engines.crowded import Crowded

FREE = {"is_background": True, "stream": False}


async def busy(crowded: Crowded) -> asyncio.Task:
    """A call that nobody waits for, which has begun and does not end before it may."""
    crowded.answers.clear()
    task = await crowded.asking("a0", **FREE)
    await crowded.hosts["a"].engine.arrived.wait()
    return task


async def test_a_call_that_nobody_waits_for_lets_go_for_another_expert_and_is_answered_later():
    crowded = await Crowded("a").started()
    free = await busy(crowded)

    waited_for = await crowded.asking("a1")
    crowded.answers.set()
    assert await waited_for == "a1: hi"
    assert not free.done()
    crowded.clock.advance(crowded.slot.loop.costs.step("swap", "a0").mean_s * 10 + QUIET_S)

    assert await free == "a0: hi"
    assert crowded.hosts["a"].swaps == ["a1", "a0"]
    assert [call.expert for call in crowded.hosts["a"].engine.calls] == ["a0", "a1", "a0"]


async def test_what_is_called_back_while_it_is_told_of_its_turn_does_not_begin():
    crowded = await Crowded("a").started()
    crowded.answers.clear()
    free = await crowded.asking("a0", **FREE)
    waited_for = await crowded.asking("a1")
    crowded.answers.set()

    assert await waited_for == "a1: hi"
    free.cancel()
    await asyncio.wait([free])
    assert crowded.slot.describe().num_in_flight == 0


async def test_a_caller_of_a_background_call_that_hangs_up_frees_its_engine():
    crowded = await Crowded("a").started()
    free = await busy(crowded)

    free.cancel()
    await asyncio.wait([free])

    assert crowded.slot.loop.state.engine("a").background == {}
    assert crowded.slot.describe().num_in_flight == 0


async def test_time_that_nobody_waits_does_not_count_as_the_calls_own():
    crowded = await Crowded("a").started()
    free = await busy(crowded)
    waited_for = await crowded.asking("a1")
    later = await crowded.asking("a0", timeout_s=5.0, max_wait_s=1.0, **FREE)

    crowded.clock.advance(60)
    crowded.answers.set()
    await waited_for
    crowded.clock.advance(60)

    assert await asyncio.gather(free, later) == ["a0: hi", "a0: hi"]
    assert crowded.hosts["a"].engine.calls[-1].timeout_s == 5.0


async def test_background_calls_take_no_place_in_the_queue_of_others():
    crowded = await Crowded("a", max_queue=1).started()
    free = await busy(crowded)
    queued = await crowded.asking("a1", **FREE)

    with pytest.raises(OverloadedError, match="1 calls wait at its slot"):
        await crowded.said("a1", **FREE)
    waited_for = await crowded.asking("a1")
    crowded.answers.set()

    assert await waited_for == "a1: hi"
    assert crowded.slot.describe().num_waiting == 0
    assert [report.num_background for report in [crowded.slot.describe()]] == [1]
    for one in (free, queued):
        one.cancel()


async def test_vectors_that_nobody_waits_for_are_embedded_again():
    crowded = await Crowded("a").started()
    crowded.answers.clear()
    key = crowded.experts["a0"]
    call = EmbedCall(
        id="e",
        expert=key.id,
        version=key.version,
        generation=1,
        inputs=(Text(text="hi"),),
        is_background=True,
    )
    free = asyncio.create_task(crowded.slot.embed(call))
    await crowded.hosts["a"].engine.arrived.wait()

    waited_for = await crowded.asking("a1")
    crowded.answers.set()
    await waited_for
    crowded.clock.advance(60)

    assert len((await free).values) == 1
    assert list(crowded.hosts["a"].engine.cancelled) == ["e"]


async def test_a_background_call_that_lost_its_engine_is_tried_once_more():
    crowded = await Crowded("a").started()
    free = await busy(crowded)

    crowded.answers.set()
    crowded.answers.clear()
    await crowded.hosts["a"].die("killed")
    crowded.answers.set()

    assert await free == "a0: hi"
    assert crowded.opened == ["a0", "a0"]


async def test_a_slot_that_closes_answers_no_call_that_was_called_back():
    crowded = await Crowded("a").started()
    free = await busy(crowded)
    waited_for = await crowded.asking("a1")

    await crowded.slot.close()

    for one in (free, waited_for):
        with pytest.raises(EngineDeadError):
            await one


async def test_a_batch_that_is_refused_brings_up_nothing():
    crowded = await Crowded("ab", max_queue=1).started()
    free = await busy(crowded)
    queued = await crowded.asking("a1", **FREE)

    with pytest.raises(OverloadedError, match="1 calls wait at its slot"):
        await crowded.said("b0", **FREE)

    for one in (free, queued):
        one.cancel()
    await asyncio.wait([free, queued])
    await crowded.slot.settled()
    assert crowded.opened == ["a0"]

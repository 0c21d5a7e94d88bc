import asyncio

import pytest

from orchestrator.errors import EngineDeadError, EngineTimeoutError, OverloadedError, SwapError
from orchestrator.residency.limits import RETRY_S, LoopLimits
from orchestrator.residency.places import Wishes
from tests.unit.residency.driving import Driven, asking, dying, running, running_or_refused


async def test_calls_of_the_resident_expert_run_together():
    driven = Driven()

    first, second = await running(driven.loop, "maths"), await running(driven.loop, "maths")

    assert driven.engine.in_flight == {"maths": 2}
    await asyncio.gather(first.leave(), second.leave())
    assert driven.engine.in_flight == {}


async def test_another_expert_waits_until_the_host_is_drained():
    driven = Driven()
    holder = await running(driven.loop, "maths")
    waiter = await asking(driven.loop, "french")

    assert (waiter.runs.is_set(), driven.host.swaps) == (False, [])
    await holder.leave()
    await waiter.runs.wait()

    assert driven.host.swaps == ["french"]
    await waiter.leave()


async def test_the_wait_is_told_on_the_clock_that_was_passed_in():
    driven = Driven()
    holder = await running(driven.loop, "maths")
    waiter = await asking(driven.loop, "french")

    driven.clock.advance(7)
    await holder.leave()
    await waiter.runs.wait()

    assert waiter.waited_s == 7
    await waiter.leave()


async def test_a_waiter_that_hangs_up_frees_its_place_at_once():
    driven = Driven()
    holder = await running(driven.loop, "maths")
    waiter = await asking(driven.loop, "french")
    behind = await asking(driven.loop, "maths")

    await waiter.hang_up()
    await behind.runs.wait()

    assert driven.host.swaps == []
    await asyncio.gather(holder.leave(), behind.leave())


async def test_a_holder_that_hangs_up_frees_the_engine_at_once():
    driven = Driven()
    holder = await running(driven.loop, "maths")
    waiter = await asking(driven.loop, "french")

    await holder.hang_up()
    await waiter.runs.wait()

    assert driven.engine.in_flight == {"french": 1}
    await waiter.leave()


async def test_a_caller_cancelled_between_its_turn_and_its_waking_holds_nothing():
    driven = Driven(capacity=1)
    holder = await running(driven.loop, "maths")
    waiter = await asking(driven.loop, "maths")
    holder.task.add_done_callback(lambda _: waiter.task.cancel())

    await holder.leave()
    await asyncio.wait([waiter.task])

    assert driven.engine.in_flight == {}
    assert driven.loop.num_waiting == 0


async def test_a_full_queue_refuses_and_says_when_to_come_back():
    driven = Driven(max_queue=1)
    holder = await running(driven.loop, "maths")
    waiter = await asking(driven.loop, "french")
    driven.clock.advance(4)

    with pytest.raises(OverloadedError, match="1 calls wait at its slot") as refused:
        await running_or_refused(driven.loop, "maths")

    assert refused.value.retry_after_s == 4
    await asyncio.gather(holder.leave(), waiter.leave())


async def test_a_call_expires_at_its_deadline_with_its_place_and_wait():
    driven = Driven()
    holder = await running(driven.loop, "maths")
    waiter = await asking(driven.loop, "french", timeout_s=3)

    driven.clock.advance(3)

    with pytest.raises(EngineTimeoutError, match=r"waited 3\.0 s for expert 'french'.* 1 of 1"):
        await waiter.task
    await holder.leave()
    assert driven.host.swaps == []


async def test_a_call_expires_during_a_swap_too():
    driven = Driven()
    driven.gate.clear()
    waiter = await asking(driven.loop, "french", timeout_s=3)
    await driven.host.swap_begun.wait()

    driven.clock.advance(3)

    with pytest.raises(EngineTimeoutError):
        await waiter.task
    driven.gate.set()
    await driven.loop.close()


async def test_a_failed_swap_fails_the_calls_of_its_expert_and_no_others():
    driven = Driven()
    driven.host.broken["french"] = SwapError("the canary of 'french' does not match")
    holder = await running(driven.loop, "maths")
    doomed = [await asking(driven.loop, "french") for _ in range(2)]
    other = await asking(driven.loop, "code")

    await holder.leave()
    await other.runs.wait()

    results = await asyncio.gather(*(one.task for one in doomed), return_exceptions=True)
    assert [type(result) for result in results] == [SwapError, SwapError]
    assert driven.host.swaps == ["code"]
    await other.leave()


async def test_an_expert_whose_swap_failed_is_left_alone_for_a_while():
    driven = Driven(broken_s=30)
    driven.host.broken["french"] = SwapError("no canary")
    with pytest.raises(SwapError, match="no canary"):
        await running_or_refused(driven.loop, "french")
    del driven.host.broken["french"]

    driven.clock.advance(10)
    with pytest.raises(SwapError, match=r"for another 20 s, .*: no canary") as refused:
        await running_or_refused(driven.loop, "french")
    driven.clock.advance(20)

    assert refused.value.retry_after_s == 20
    await (await running(driven.loop, "french")).leave()


async def test_an_engine_that_an_unforeseen_error_leaves_in_doubt_is_started_anew():
    driven = Driven(revives=1)
    driven.host.broken["french"] = ValueError("not ours")

    await (await running(driven.loop, "french")).leave()

    assert driven.host.swaps == []  # it was started with what was asked for
    assert driven.loop.num_steps == {"start": 1}


async def test_an_expert_whose_swaps_kill_the_engine_twice_is_refused_and_others_serve():
    driven = Driven(revives=2)
    driven.broken["french"] = driven.host.broken["french"] = ValueError("not ours")
    driven.gate.clear()
    doomed = await asking(driven.loop, "french")
    await driven.host.swap_begun.wait()
    other = await asking(driven.loop, "code", max_wait_s=30)  # what is wanted first starts anew
    driven.gate.set()
    await other.runs.wait()
    await other.leave()

    with pytest.raises(EngineDeadError, match="not ours"):
        await doomed.task
    with pytest.raises(SwapError, match=r"for another 30 s, .*not ours"):
        await running_or_refused(driven.loop, "french")
    await (await running(driven.loop, "maths")).leave()


async def test_a_death_restarts_the_engine_once_and_who_waits_is_served():
    driven = Driven(revives=1)
    driven.gate.clear()
    waiters = [await asking(driven.loop, expert) for expert in ("french", "maths")]

    driven.die()
    driven.die("killed again")
    driven.gate.set()
    for waiter in waiters:
        await waiter.runs.wait()
        await waiter.leave()

    assert driven.loop.num_steps == {"start": 1, "swap": 1}


async def test_a_holder_that_finds_the_engine_dead_tells_the_loop():
    driven = Driven()

    with pytest.raises(EngineDeadError):
        await dying(driven.loop, "maths")

    with pytest.raises(EngineDeadError, match="connection lost") as refused:
        await running_or_refused(driven.loop, "maths")
    assert refused.value.retry_after_s == RETRY_S


async def test_late_news_of_a_death_does_not_kill_the_restarted_engine():
    driven = Driven(revives=1)
    first, second = await running(driven.loop, "maths"), await running(driven.loop, "maths")

    await first.fail(EngineDeadError("killed"))
    await driven.loop.settled()
    await second.fail(EngineDeadError("killed, noticed later"))

    await (await running(driven.loop, "maths")).leave()
    assert driven.loop.num_steps == {"start": 1}


async def test_an_engine_that_does_not_restart_says_why_and_is_tried_again_later():
    driven = Driven(revives=0)
    holder = await running(driven.loop, "maths")

    await holder.fail(EngineDeadError("killed"))
    await driven.loop.settled()
    with pytest.raises(EngineDeadError, match=r"restart: no memory left; it had died: killed"):
        await running_or_refused(driven.loop, "maths")
    driven.revives = 1
    driven.clock.advance(RETRY_S)
    await driven.loop.settled()

    await (await running(driven.loop, "maths")).leave()


async def test_an_engine_that_cannot_be_started_here_stays_dead():
    driven = Driven(revives=None)
    waiter = await asking(driven.loop, "french")

    driven.die("killed by hand")

    with pytest.raises(EngineDeadError, match="killed by hand"):
        await waiter.task
    driven.clock.advance(1000)
    with pytest.raises(EngineDeadError, match="killed by hand"):
        await running_or_refused(driven.loop, "maths")


async def test_a_death_during_a_swap_gives_the_swap_up_and_starts_with_what_waits():
    driven = Driven(revives=1)
    driven.gate.clear()
    waiter = await asking(driven.loop, "french")
    await driven.host.swap_begun.wait()

    driven.die()
    await waiter.runs.wait()

    assert driven.loop.num_steps == {"start": 1}
    assert driven.host.resident_ids == ("french",)
    await waiter.leave()


async def test_closing_fails_who_waits_and_takes_no_more():
    driven = Driven()
    driven.gate.clear()
    waiter = await asking(driven.loop, "french")

    await driven.loop.close()

    with pytest.raises(EngineDeadError, match="closing"):
        await waiter.task
    with pytest.raises(EngineDeadError, match="closing"):
        await running_or_refused(driven.loop, "maths")


@pytest.mark.parametrize("name", ["capacity", "max_queue"])
def test_a_limit_below_one_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} is 0; it must be at least 1"):
        LoopLimits(**{name: 0})


async def test_a_call_that_cannot_be_had_within_its_bound_is_refused_then():
    driven = Driven()
    holder = await running(driven.loop, "maths")
    waiter = await asking(driven.loop, "french", max_wait_s=3, timeout_s=60)

    driven.clock.advance(3)

    with pytest.raises(OverloadedError, match=r"'french' could not be had within 3\.0 s.*max_wait"):
        await waiter.task
    await holder.leave()


async def test_what_is_known_to_come_too_late_is_refused_at_once():
    driven = Driven()
    learned = await running(driven.loop, "maths")
    driven.clock.advance(8)
    await learned.leave()
    holder = await running(driven.loop, "maths")

    with pytest.raises(
        OverloadedError, match=r"cannot be had within 5\.0 s.*max_wait_s"
    ) as refused:
        async with driven.loop.turn("french", Wishes(max_wait_s=5)):
            raise AssertionError("the turn was given")

    assert refused.value.retry_after_s > 8 - 5
    await holder.leave()


async def test_calls_of_the_resident_that_waited_run_before_the_next_turn():
    driven = Driven(capacity=1)
    first = await running(driven.loop, "french")
    rest = [await asking(driven.loop, expert) for expert in ("french", "maths", "french")]

    await first.leave()
    await rest[0].runs.wait()
    await rest[0].leave()
    await rest[2].runs.wait()
    await rest[2].leave()
    await rest[1].runs.wait()

    assert driven.host.swaps == ["french", "maths"]
    await rest[1].leave()

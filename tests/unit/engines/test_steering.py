"""Wishes belong to the slot: begun once, whoever hangs up; how they end is in the log."""

import asyncio
import json
import logging

import pytest

from orchestrator.engines.steering import Steering
from orchestrator.errors import NotHostedError, SwapError
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.wishes import Wish
from tests.slots import Steered

KEY = "maths@1"


class Site:
    def __init__(self, breaks=None):
        self.clock = ManualClock()
        self.steered = Steered(breaks=breaks)
        self.steering = Steering("local", self.steered, clock=self.clock)

    def ask(self, kind="load", *, waits=True):
        return self.steering.carry_out(Wish(kind=kind, expert="maths", key=KEY, waits=waits))


async def test_a_step_that_fails_is_told_to_who_waits_and_to_the_log(caplog):
    site = Site(breaks=SwapError("its canary differs"))

    with caplog.at_level(logging.INFO), pytest.raises(SwapError, match="canary"):
        await site.ask()

    assert json.loads(caplog.messages[-1]) == {
        "action": "wish", "wish": "load", "slot": "local", "expert": KEY,
        "outcome": "failed", "reason": "its canary differs",
    }  # fmt: skip


async def test_a_step_that_nobody_waits_for_fails_in_the_log_alone(caplog):
    site = Site(breaks=SwapError("its canary differs"))
    site.steered.is_free.clear()

    granted = await site.ask(waits=False)
    joined = asyncio.create_task(site.ask())
    await site.steered.is_begun.wait()
    site.steered.is_free.set()
    await asyncio.wait([joined])

    assert (granted.outcome, type(joined.exception())) == ("begun", SwapError)
    assert "its canary differs" in caplog.text


async def test_what_is_not_hosted_is_refused_and_not_kept():
    site = Site(breaks=NotHostedError("not here"))

    for _ in range(2):
        with pytest.raises(NotHostedError):
            await site.ask()

    assert len(site.steered.wishes) == 2


async def test_who_hangs_up_leaves_the_step_running_and_the_next_joins_it():
    site = Site()
    site.steered.is_free.clear()
    first = asyncio.create_task(site.ask())
    await site.steered.is_begun.wait()
    first.cancel()
    second = asyncio.create_task(site.ask())
    await asyncio.wait([first])
    site.steered.is_free.set()

    assert (await second).outcome == "done"
    assert site.steered.wishes == [("load", KEY)]


async def test_a_load_and_an_unload_are_two_things():
    site = Site()

    await asyncio.gather(site.ask("load"), site.ask("unload"))

    assert sorted(site.steered.wishes) == [("load", KEY), ("unload", KEY)]


async def test_the_time_it_took_is_the_slots():
    site = Site()
    site.steered.is_free.clear()
    asked = asyncio.create_task(site.ask())
    await site.steered.is_begun.wait()
    site.clock.advance(2.5)
    site.steered.is_free.set()

    assert (await asked).took_s == 2.5


@pytest.mark.parametrize("kind", ["pin", "unpin"])
async def test_pins_are_done_at_once_and_logged(caplog, kind):
    site = Site()

    with caplog.at_level(logging.INFO):
        granted = await site.ask(kind, waits=False)

    assert (granted.outcome, site.steered.wishes) == ("done", [(kind, KEY)])
    assert json.loads(caplog.messages[-1])["outcome"] == "done"


async def test_closing_gives_up_what_is_under_way():
    site = Site()
    site.steered.is_free.clear()
    asked = asyncio.create_task(site.ask())
    await site.steered.is_begun.wait()

    await site.steering.close()

    with pytest.raises(asyncio.CancelledError):
        await asked

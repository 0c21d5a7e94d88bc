"""Requests for one answer at one time."""

import asyncio

from orchestrator.caching.flights import Flights
from orchestrator.caching.kept import Kept
from orchestrator.engines.base import Usage

KEPT = Kept(
    expert="math",
    composition=None,
    at_s=0.0,
    deltas=(),
    usage=Usage(prompt_tokens=0, completion_tokens=0),
)


async def test_only_one_is_first_and_the_others_get_its_answer():
    flights = Flights()
    first, second = flights.begin("k"), flights.begin("k")
    waiting = asyncio.create_task(flights.follow("k"))
    await asyncio.wait((waiting,), timeout=0)
    flights.land("k", first, KEPT)

    assert (second, await waiting) == (None, KEPT)
    assert await flights.follow("k") is None
    assert flights.begin("k") is not None


async def test_who_follows_a_first_that_fails_has_nothing():
    flights = Flights()
    first = flights.begin("k")
    waiting = asyncio.create_task(flights.follow("k"))
    await asyncio.wait((waiting,), timeout=0)
    flights.land("k", first, None)

    assert await waiting is None
    assert flights.begin("k") is not None


async def test_nobody_waits_for_long_and_the_next_does_not_wait_at_all():
    flights = Flights(max_wait_s=0.01)
    flights.begin("k")

    assert await flights.follow("k") is None
    assert flights.begin("k") is not None


async def test_one_that_hangs_up_takes_nothing_from_the_others():
    flights = Flights()
    first = flights.begin("k")
    gone, waiting = [asyncio.create_task(flights.follow("k")) for _ in range(2)]
    await asyncio.wait((gone,), timeout=0)
    gone.cancel()
    flights.land("k", first, KEPT)

    assert await waiting == KEPT

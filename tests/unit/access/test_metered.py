"""What is let in and charged over outages, cancellations and lines of batches."""

import asyncio

import pytest

from orchestrator.access.bounding import nano_usd
from orchestrator.access.caller import Caller
from orchestrator.access.metered import Metered
from orchestrator.access.metering import Charge
from orchestrator.access.settling import Settling
from orchestrator.access.terms import Terms
from orchestrator.compositions.ledger import Spend
from orchestrator.errors import QuotaError, RateLimitedError, StoreError
from orchestrator.store.memory_meters import MemoryMeters
from orchestrator.store.meters import Bounds, Settlement
from tests.contracts.meters import Clock, held

ENDED = Charge(endpoint="/", model="", expert=None, composition=None, batch=None, status=200)
TEN = Spend(calls=1, tokens=10, price_usd=10e-9)


class AtTimesAway(MemoryMeters):
    """Meters behind a line that breaks: before what is asked, or after it was done."""

    def __init__(self, **more) -> None:
        super().__init__(**more)
        self.is_away = False
        self.loses_answers = False
        self.gate: asyncio.Event | None = None
        self.num_tries = 0
        self.settled = asyncio.Event()

    async def take(self, key_id, bounds, wish):
        self._check()
        if self.gate is not None:
            await self.gate.wait()
        taken = await super().take(key_id, bounds, wish)
        if self.loses_answers:
            raise StoreError("no answer came", retry_after_s=1.0)
        return taken

    async def settle(self, settlements):
        self._check()
        await super().settle(settlements)
        self.settled.set()
        if self.loses_answers:
            self.loses_answers = False
            raise StoreError("no answer came", retry_after_s=1.0)

    def _check(self) -> None:
        self.num_tries += 1
        if self.is_away:
            raise StoreError("the store is away", retry_after_s=1.0)


def caller(**terms) -> Caller:
    return Caller(key_id="key-ann", owner="key-ann", terms=Terms(**terms))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return AtTimesAway(clock=clock)


async def spent(store) -> int:
    return (await store.spent("key-ann")).all_nano_usd


async def test_a_bound_caller_is_refused_while_the_store_is_away_and_others_are_not(store):
    meters = Metered(store)
    store.is_away = True

    await meters.admission(caller(), is_background=False).enter()
    with pytest.raises(StoreError) as caught:
        await meters.admission(caller(requests_per_minute=5), is_background=False).enter()

    assert (caught.value.status, caught.value.retry_after_s) == (503, 1.0)


async def test_what_was_taken_without_an_answer_is_given_back(store):
    meters = Metered(store)
    request = meters.admission(caller(budget_usd=1, max_concurrent=1), is_background=False)
    store.loses_answers = True
    with pytest.raises(StoreError):
        await request.allowance.reserve(TEN)
    store.loses_answers = False
    await meters.settling.settled()

    assert await spent(store) == 0
    await meters.admission(caller(max_concurrent=1), is_background=False).enter()
    await meters.close()


async def test_what_is_taken_for_a_caller_that_left_meanwhile_is_given_back(store):
    meters = Metered(store)
    store.gate = asyncio.Event()
    request = meters.admission(caller(budget_usd=1, max_concurrent=1), is_background=False)
    asked = asyncio.create_task(request.allowance.reserve(TEN))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    store.gate.set()
    await store.settled.wait()

    assert await spent(store) == 0


async def test_a_settlement_whose_answer_was_lost_is_written_again_and_counts_once(store):
    settling = Settling(store, again_s=0)
    for name in "ab":
        await store.take("key-ann", Bounds(all_nano_usd=1000), held(name, nano_usd=100))
    store.loses_answers = True
    settling.put(Settlement(key_id="key-ann", hold="a", nano_usd=30))
    settling.put(Settlement(key_id="key-ann", hold="b", nano_usd=50))
    await settling.settled()

    assert (await spent(store), store.num_tries) == (80, 4)


async def test_settlements_beyond_what_may_wait_stay_charged_at_their_most(store):
    settling = Settling(store, max_waiting=1, again_s=0)
    for name in "ab":
        await store.take("key-ann", Bounds(all_nano_usd=1000), held(name, nano_usd=100))
    for name in "ab":
        settling.put(Settlement(key_id="key-ann", hold=name))
    await settling.settled()

    assert await spent(store) == 100


async def test_a_request_s_first_call_lets_it_in_by_one_question(store):
    request = Metered(store).admission(
        caller(requests_per_minute=2, budget_usd=1), is_background=False
    )
    await asyncio.gather(request.allowance.reserve(TEN), request.allowance.reserve(TEN))
    await request.enter()

    assert store.num_tries == 2
    assert [(one.kind, one.remaining) for one in request.standings] == [("requests", 1)]


async def test_a_request_that_was_refused_entrance_makes_no_call(store):
    meters = Metered(store)
    await meters.admission(caller(requests_per_minute=1), is_background=False).enter()
    request = meters.admission(caller(requests_per_minute=1, budget_usd=1), is_background=False)
    for _ in range(3):
        with pytest.raises(RateLimitedError):
            await request.allowance.reserve(TEN)

    assert (store.num_tries, await spent(store)) == (2, 0)


async def test_a_line_of_a_batch_waits_for_its_minute_and_the_store_and_not_for_money(store, clock):
    paused: list[float] = []
    told: list[str | None] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        told.append(meters.held_up(terms.key_id))
        clock.now_s += seconds
        store.is_away = False

    terms = caller(requests_per_minute=1, tokens_per_minute=10, budget_usd=25e-9)
    meters = Metered(store, pause=pause)
    lines = [meters.admission(terms, is_background=True) for _ in range(3)]
    store.is_away = True
    for line in lines[:2]:
        await line.enter()
        await line.allowance.reserve(TEN)
    clock.now_s += 100
    with pytest.raises(QuotaError):
        await lines[2].allowance.reserve(TEN)

    assert paused[0] == 1.0  # the store was away
    assert sum(paused[1:]) == pytest.approx(61)  # then the minute
    assert told[0].startswith("its key's limits cannot be counted while the store is away: ")
    assert set(told[1:]) == {"its key has used its 10 tokens of this minute"}
    assert meters.held_up(terms.key_id) is None


async def test_leases_end_with_their_requests_and_room_that_is_not_written_yet_counts(store):
    meters = Metered(store)
    first = meters.admission(caller(max_concurrent=1), is_background=False)
    await first.enter()
    first.end(ENDED)

    await meters.admission(caller(max_concurrent=1), is_background=False).enter()
    await meters.close()


async def test_room_that_another_process_has_not_written_yet_is_not_refused(store):
    here, there = Metered(store), Metered(store)
    first = there.admission(caller(max_concurrent=1, budget_usd=10e-9), is_background=False)
    await first.allowance.reserve(TEN)
    first.settle(TEN, Spend(calls=1))
    first.end(ENDED)

    next_one = here.admission(caller(max_concurrent=1, budget_usd=10e-9), is_background=False)
    await next_one.allowance.reserve(TEN)

    assert await spent(store) == 10
    await here.close()
    await there.close()


async def test_what_ends_within_a_moment_is_settled_together(store):
    meters = Metered(store)
    for _ in range(3):
        request = meters.admission(caller(budget_usd=1, max_concurrent=9), is_background=False)
        await request.allowance.reserve(TEN)
        request.settle(TEN, Spend(calls=1))
        request.end(ENDED)
    await meters.settling.settled()

    assert (store.num_tries, await spent(store)) == (4, 0)  # three questions and one settlement


def test_money_is_rounded_up_to_whole_nano_usd_and_floats_add_nothing():
    assert [nano_usd(one) for one in (0.0, 1e-9, 1.0000004e-9, 1.5e-9, 0.1 + 0.2)] == [
        0,
        1,
        1,
        2,
        300_000_000,
    ]

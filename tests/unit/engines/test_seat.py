import logging

import pytest

from orchestrator import metrics
from orchestrator.engines.fake import FakeHost
from orchestrator.engines.seat import Seat
from orchestrator.engines.seats import Seats
from orchestrator.errors import EngineDeadError, ModelError, SwapError
from orchestrator.registry.models import Expert
from orchestrator.residency.actions import Sleep, Start, Stop, Swap, Wake
from orchestrator.residency.state import Footprint
from orchestrator.residency.tickets import Ticket

SWAP = Swap(engine="llama", expert="french")
MATHS, FRENCH = Expert(id="maths"), Expert(id="french")
SERVING, ASLEEP = Footprint(device_gib=10), Footprint(device_gib=1.5, host_gib=8)
MEASURED = Footprint(device_gib=3, host_gib=7)
BASE, OTHER = Expert(id="base", model="m"), Expert(id="other", model="o")
ADAPTER = Expert(id="formal", model="m", base="base", adapter="formal")


def seat_on(host: FakeHost) -> Seat:
    seat = Seat("llama", host=host)
    seat.know({expert.id: expert for expert in (MATHS, FRENCH)})
    return seat


def seats_on(host: FakeHost, slot: str) -> Seats:
    seats = Seats(slot, on_gone=lambda _: None)
    seats.put("llama", seat_on(host))
    return seats


def num_swaps(slot: str, outcome: str) -> float:
    return metrics.SWAPS.labels(slot, "swap", outcome)._value.get()


async def test_after_a_failed_swap_the_seat_says_what_the_host_holds():
    seat = seat_on(FakeHost([MATHS, FRENCH], broken={"french": SwapError("canary")}))

    with pytest.raises(SwapError):
        await seat.take(SWAP)

    assert seat.residents == ("maths",)


def test_another_version_of_a_resident_is_not_resident_and_an_edited_price_is():
    seat = seat_on(FakeHost([MATHS]))
    retrained = MATHS.model_copy(update={"model": "elsewhere"})

    seat.know({"new": retrained})
    assert seat.residents == ()
    seat.know({"new": retrained, "dear": MATHS.model_copy(update={"description": "dearer"})})
    assert seat.residents == ("dear",)


async def test_a_failed_swap_that_killed_the_host_is_a_death():
    host = FakeHost([MATHS, FRENCH])
    host.broken["french"] = SwapError("canary")
    seat = seat_on(host)
    await host.die()

    with pytest.raises(EngineDeadError):
        await seat.take(SWAP)


async def test_steps_are_counted_by_their_end_and_logged_with_engine_and_expert(caplog):
    seats = seats_on(FakeHost([MATHS, FRENCH]), "counted")

    with caplog.at_level(logging.INFO, logger="orchestrator.engines.journal"):
        await seats.take(SWAP)
        seats.stepped(SWAP, took_s=0.25, error=None)
        seats.stepped(SWAP, took_s=0.5, error=SwapError("canary"))

    assert (num_swaps("counted", "ok"), num_swaps("counted", "swap_failed")) == (1, 1)
    assert metrics.EVICTIONS.labels("counted", "swap")._value.get() == 1
    assert seats["llama"].last_swap_s == 0.25
    assert ['"french"' in caplog.messages[0], "canary" in caplog.messages[1]] == [True, True]


def test_waits_are_measured_in_seconds():
    seats = seats_on(FakeHost([MATHS]), "measured")
    ticket = Ticket(id=1, expert="maths", arrived_s=0)

    seats.admitted(ticket, engine="llama", waited_s=1.5, is_hit=True)

    assert metrics.QUEUE_WAIT_SECONDS.labels("measured", "admitted")._sum.get() == 1.5


def test_experts_no_longer_used_are_forgotten():
    seat = seat_on(FakeHost([MATHS, FRENCH]))

    seat.know({"maths": MATHS})

    assert seat.known == {"maths": MATHS}


async def test_a_seat_starts_its_engine_with_what_is_asked_for_and_ends_it():
    opened = []

    async def open_with(first: Expert) -> FakeHost:
        opened.append(FakeHost([first], rungs=("serving", "asleep", "stopped")))
        return opened[0]

    seat = Seat("llama", opening=open_with)
    seat.know({"maths": MATHS, "french": FRENCH})
    before = seat.rung, seat.rungs, seat.residents
    await seat.take(Start(engine="llama", expert="french"))
    during = seat.rung, seat.rungs, seat.residents
    await seat.take(Stop(engine="llama"))

    assert before == ("stopped", ("stopped",), ())
    assert during == ("serving", ("serving", "asleep", "stopped"), ("french",))
    assert seat.rung == "stopped"
    with pytest.raises(EngineDeadError):
        await opened[0].check()


async def test_a_model_that_cannot_be_had_is_an_engine_that_does_not_start():
    async def open_none(first: Expert) -> FakeHost:
        raise ModelError("no hub")

    seat = Seat("llama", opening=open_none)
    seat.know({"maths": MATHS})

    with pytest.raises(EngineDeadError, match="no hub"):
        await seat.take(Start(engine="llama", expert="maths"))


async def test_a_seat_puts_its_engine_to_sleep_and_wakes_it_as_another_with_its_adapters():
    host = FakeHost([BASE, OTHER, ADAPTER], max_adapters=1, rungs=("serving", "asleep"))
    seat = Seat("llama", host=host)
    seat.know({one.id: one for one in (BASE, OTHER, ADAPTER)})

    await seat.take(Sleep(engine="llama", rung="asleep"))
    assert (seat.rung, seat.residents) == ("asleep", ("base",))
    await seat.take(Wake(engine="llama", expert="formal"))

    assert (seat.rung, seat.residents) == ("serving", ("base", "formal"))
    assert seat.weights_by_adapter == {"formal": "m"}


def test_memory_that_was_measured_counts_and_the_rest_is_claimed():
    host = FakeHost([MATHS])
    seat = Seat("llama", host=host, footprints={"serving": SERVING, "asleep": ASLEEP})
    assert seat.footprints == {"serving": SERVING, "asleep": ASLEEP}

    host.footprints = {"asleep": MEASURED}
    assert seat.footprints == {"serving": SERVING, "asleep": MEASURED}
    seat.claim({"serving": ASLEEP})
    assert seat.footprints == {"serving": ASLEEP, "asleep": MEASURED}

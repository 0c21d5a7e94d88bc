import logging

import pytest

from orchestrator import metrics
from orchestrator.engines.fake import FakeHost
from orchestrator.engines.seat import Seat
from orchestrator.errors import EngineDeadError, SwapError
from orchestrator.registry.models import Expert
from orchestrator.residency.actions import Swap
from orchestrator.residency.tickets import Ticket

MATHS, FRENCH = Expert(id="maths"), Expert(id="french")


def seat_on(host: FakeHost, slot: str) -> Seat:
    seat = Seat(slot, host, revive=None, on_queue=lambda: None)
    for expert in (MATHS, FRENCH):
        seat.learn(expert.id, expert)
    return seat


def num_swaps(slot: str, outcome: str) -> float:
    return metrics.SWAPS.labels(slot, "swap", outcome)._value.get()


async def test_after_a_failed_swap_the_seat_says_what_the_host_holds():
    seat = seat_on(FakeHost([MATHS, FRENCH], broken={"french": SwapError("canary")}), "a")

    with pytest.raises(SwapError):
        await seat.swap("french")

    assert seat.residents == ("maths",)


def test_another_version_of_a_resident_is_not_resident_and_an_edited_price_is():
    seat = seat_on(FakeHost([MATHS]), "a")
    retrained = MATHS.model_copy(update={"model": "elsewhere"})
    seat.forget_all_but(())

    seat.learn("new", retrained)
    assert seat.residents == ()
    seat.learn("dear", MATHS.model_copy(update={"description": "dearer"}))
    assert seat.residents == ("dear",)


async def test_a_failed_swap_that_killed_the_host_is_a_death():
    host = FakeHost([MATHS, FRENCH])
    host.broken["french"] = SwapError("canary")
    seat = seat_on(host, "a")
    await host.die()

    with pytest.raises(EngineDeadError):
        await seat.swap("french")


def test_swaps_are_counted_by_their_end_and_logged_with_the_expert(caplog):
    seat = seat_on(FakeHost([MATHS, FRENCH]), "counted")

    with caplog.at_level(logging.INFO, logger="orchestrator.engines.seat"):
        seat.stepped(Swap(engine="host", expert="french"), took_s=0.25, error=None)
        seat.stepped(Swap(engine="host", expert="maths"), took_s=0.5, error=SwapError("canary"))

    assert (num_swaps("counted", "ok"), num_swaps("counted", "swap_failed")) == (1, 1)
    assert seat.last_swap_s == 0.25
    assert ["'french'" in caplog.messages[0], "canary" in caplog.messages[1]] == [True, True]


def test_waits_are_measured_in_seconds():
    seat = seat_on(FakeHost([MATHS]), "measured")

    seat.admitted(Ticket(id=1, expert="maths", arrived_s=0), waited_s=1.5)

    assert metrics.QUEUE_WAIT_SECONDS.labels("measured", "admitted")._sum.get() == 1.5


def test_experts_no_longer_used_are_forgotten():
    seat = seat_on(FakeHost([MATHS, FRENCH]), "a")

    seat.forget_all_but(["maths"])

    assert seat.knows("maths")
    assert not seat.knows("french")

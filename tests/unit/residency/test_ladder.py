from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.residency.actions import Admit, Drain, Sleep, Start, Stop, Wait, Wake
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.state import Change, Footprint
from tests.unit.residency.played import Played, engine, slot, ticket, waiting

#: A 7 B expert in BF16 with its cache; a sleeper keeps 2 GiB on the device.
FOOTPRINTS = {
    "serving": Footprint(device_gib=26),
    "asleep": Footprint(device_gib=2, host_gib=14),
    "weightless": Footprint(device_gib=2),
}
ALL_RUNGS = ("serving", "asleep", "weightless", "stopped")


def costing() -> Costs:
    by = Bandwidths(wake_s=1, swap_s=1, start_s=20, stop_s=1)
    return Costs(Prior(default_gib=0, service_s=2, bandwidths=by))


def one(id_: str, rung="serving", *, rungs=ALL_RUNGS, **fields):
    """An engine of its own lineage, for the expert of the same name."""
    resident = id_ if rung in ("serving", "asleep") else ""
    return engine(
        id_, id_=id_, resident=resident, rung=rung, rungs=rungs, footprints=FOOTPRINTS, **fields
    )


def decided(state, *tickets, now_s=0.0, patience=0.5):
    return Bounded(patience=patience)(state, waiting(*tickets), costing(), now_s=now_s)


@pytest.mark.parametrize(
    ("rung", "action"),
    [
        ("asleep", Wake(engine="b", expert="b")),
        ("weightless", Wake(engine="b", expert="b")),
        ("stopped", Start(engine="b", expert="b")),
    ],
)
def test_where_there_is_room_an_engine_comes_back_for_what_waits(rung, action):
    state = slot(one("a"), one("b", rung), device_gib=60)

    assert decided(state, ticket(1, "b")) == action


def test_an_idle_engine_goes_to_sleep_where_there_is_no_room():
    state = slot(one("a"), one("b", "asleep"), device_gib=40, host_gib=64)

    assert decided(state, ticket(1, "b")) == Sleep(engine="a", rung="asleep")


def test_where_memory_moves_alone_who_waits_waits_for_the_step_under_way():
    stopping = replace(one("a"), change=Change(step="stop", to="stopped"))

    assert decided(slot(stopping, one("b", "asleep"), moves_alone=True), ticket(1, "b")) == Wait()


def test_a_sleeper_that_gives_way_further_ends():
    state = slot(one("a", "asleep"), one("b", "stopped"), device_gib=27, host_gib=64)

    assert decided(state, ticket(1, "b")) == Stop(engine="a")


def test_an_engine_gives_way_only_once_who_waited_when_it_came_up_was_let_in():
    state = slot(one("a", since_s=5), one("b", "asleep"), device_gib=40, host_gib=64)
    here, late = ticket(1, "a", at_s=4), ticket(2, "b", max_wait_s=7)

    assert decided(state, here, late, now_s=6) == Admit(ticket_id=1, engine="a")
    full = replace(state.engines[0], in_flight={"a": 8})
    busy = slot(full, one("b", "asleep"), device_gib=40, host_gib=64)
    assert isinstance(decided(busy, here, late, now_s=6), Wait)
    assert decided(busy, late, now_s=6) == Drain(engine="a", expert="b")


def test_nobody_steps_down_in_vain():
    """30 GiB are asked for; `a` is idle and has 26, `b` is worth more than what waits."""
    busy = one("b", in_flight={"b": 8})
    large = replace(one("c", "stopped"), footprints={"serving": Footprint(device_gib=50)})

    found = decided(slot(one("a"), busy, large, device_gib=60), ticket(1, "c"))

    assert isinstance(found, Wait)


def test_room_that_is_being_made_is_not_taken_by_who_comes_after():
    draining = one("a", in_flight={"a": 1}, draining_for="b")
    small = replace(one("c", "stopped"), footprints={"serving": Footprint(device_gib=20)})
    state = slot(draining, one("b", "stopped"), small, device_gib=50)  # 24 free, `b` needs 26

    assert isinstance(decided(state, ticket(1, "b"), *[ticket(i, "c") for i in range(2, 9)]), Wait)


def test_a_pinned_engine_does_not_give_way():
    state = slot(one("a", pinned={"a"}), one("b", "stopped"), device_gib=40)

    assert isinstance(decided(state, ticket(1, "b", max_wait_s=1)), Wait)


def test_who_has_no_bound_has_its_turn_by_its_age():
    state = slot(one("a", in_flight={"a": 8}), one("b", "stopped"), device_gib=40)

    assert isinstance(decided(state, ticket(1, "b"), now_s=1), Wait)
    assert decided(state, ticket(1, "b"), now_s=45) == Drain(engine="a", expert="b")


def test_without_host_memory_it_drops_its_weights_and_without_sleep_it_stops():
    state = slot(one("a"), one("b", "weightless"), device_gib=40, host_gib=4)
    no_sleep = slot(
        one("a", rungs=("serving", "stopped")), one("b", "stopped"), device_gib=40, host_gib=4
    )

    assert decided(state, ticket(1, "b")) == Sleep(engine="a", rung="weightless")
    assert decided(no_sleep, ticket(1, "b")) == Stop(engine="a")


def test_an_engine_that_can_take_no_step_down_stays_and_the_caller_waits():
    state = slot(one("a", rungs=("serving",)), one("b", "asleep"), device_gib=40)

    assert decided(state, ticket(1, "b", max_wait_s=9)) == Wait(until_s=9)


def test_what_answers_calls_is_drained_only_for_something_worth_more():
    busy = slot(one("a", in_flight={"a": 1}), one("b", "asleep"), device_gib=40, host_gib=64)
    few, many = [ticket(1, "b")], [ticket(i, "b") for i in range(9)]

    # 1 call in 2 s there; 1 and 9 calls in 1 s of waking and 2 s of service here
    assert isinstance(decided(busy, *few), Wait)
    assert decided(busy, *many) == Drain(engine="a", expert="b")


def test_a_bound_that_presses_drains_what_is_worth_more():
    busy = slot(one("a", in_flight={"a": 8}), one("b", "asleep"), device_gib=40, host_gib=64)

    found = decided(busy, ticket(1, "b", max_wait_s=9), now_s=0)
    assert found == Wait(until_s=pytest.approx(9 - 1 - 2, abs=0.1))
    assert decided(busy, ticket(1, "b", max_wait_s=3)) == Drain(engine="a", expert="b")


def test_a_drained_engine_gives_way_though_somebody_waits_for_it():
    draining = slot(one("a", draining_for="b"), one("b", "asleep"), device_gib=40, host_gib=64)

    assert decided(draining, ticket(1, "b"), ticket(2, "a")) == Sleep(engine="a", rung="asleep")


def test_nothing_is_begun_twice():
    waking = slot(
        one("a", "asleep"),
        replace(one("b", "asleep"), change=Change(step="wake", expert="b", to="serving")),
        device_gib=40,
        host_gib=64,
    )

    assert decided(waking, ticket(1, "b")) == Wait()


@given(
    arrivals=st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 4)), min_size=1, max_size=40),
    patience=st.floats(0, 0.95),
    device_gib=st.sampled_from([34, 60, 90]),
    host_gib=st.sampled_from([0, 20, 64]),
)
def test_four_experts_share_a_device_that_holds_fewer_and_nobody_starves(
    arrivals, patience, device_gib, host_gib
):
    """Memory, drains and in-flight calls are asserted by `Played` at every step."""
    engines = [one("a"), *(one(id_, "stopped") for id_ in "bcd")]
    at_s, tickets = 0.0, []
    for id_, (expert, gap_s) in enumerate(arrivals):
        at_s += gap_s
        tickets.append(ticket(id_, expert, at_s=at_s, max_wait_s=500))

    state = slot(*engines, device_gib=device_gib, host_gib=host_gib)
    played = Played(state, Bounded(patience=patience), costing()).play(tickets)

    assert sorted(played.order) == list(range(len(arrivals)))

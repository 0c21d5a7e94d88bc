from math import inf, log

import pytest

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.residency.estimates import (
    expected_wait_s,
    outlook_of,
    refusal_s,
    retry_after_s,
)
from tests.unit.residency.played import engine, slot, ticket, waiting

EXPERTS = ("maths", "french", "code")
COSTS = Costs(Prior(default_gib=0, service_s=2, bandwidths=Bandwidths(swap_s=0.5)))


def waits(one, state, *before, now_s=0.0):
    return expected_wait_s(one, state, waiting(*before), COSTS, now_s=now_s)


def refused(one, state, *before, costs=None):
    if costs is None:
        costs = Costs(Prior(default_gib=0, service_s=9, bandwidths=Bandwidths(swap_s=9)))
        costs.observe_service("maths", 2)
        costs.observe_step("swap", "maths", 0.5)
    return refusal_s(one, state, waiting(*before), costs, now_s=0)


def test_an_expert_that_no_engine_can_become_is_waited_for_in_vain():
    assert waits(ticket(1, "law"), slot(engine(*EXPERTS))) == inf


def test_a_resident_with_room_is_had_at_once_and_a_full_one_after_a_round():
    idle, full = engine(*EXPERTS), engine(*EXPERTS, capacity=2, in_flight={"maths": 2})

    assert waits(ticket(1, "maths"), slot(idle)) == 0
    assert waits(ticket(1, "maths"), slot(full)) == 2
    assert waits(ticket(3, "maths"), slot(full), ticket(1, "maths"), ticket(2, "maths")) == 4


def test_another_expert_is_had_after_the_drain_what_is_due_before_and_its_swap():
    state = slot(engine(*EXPERTS, in_flight={"maths": 1}))
    before = ticket(1, "french", max_wait_s=10)
    one = ticket(2, "code", at_s=1, max_wait_s=10)

    # a second of the call is over; then 0.5 + 2 s of french, and 0.5 s of swap
    assert waits(one, state, before, now_s=1.0) == pytest.approx(1 + 2.5 + 0.5)


def test_the_outlook_counts_those_that_are_due_before():
    state = slot(engine(*EXPERTS, in_flight={"maths": 1}))
    queues = waiting(ticket(1, "french", max_wait_s=9), ticket(2, "code", max_wait_s=5))

    outlook = outlook_of(queues[1], state, queues, COSTS, now_s=0)

    assert outlook.position == 2
    assert outlook.wait_s == pytest.approx(2 + 2.5 + 0.5)


def test_a_bound_that_cannot_be_kept_is_refused_with_the_time_it_is_short_of():
    state = slot(engine(*EXPERTS, in_flight={"maths": 1}))
    before = ticket(1, "french", max_wait_s=2)

    # 3 s of drain to be safe, 2.5 s of french, 0.5 s of swap: 6 s, or 4.5 s if all goes well
    assert refused(ticket(2, "code", max_wait_s=4.4), state, before) == pytest.approx(6 - 4.4)
    assert refused(ticket(2, "code", max_wait_s=2.5), state, before) == pytest.approx(6 - 2.5)
    assert refused(ticket(2, "code", max_wait_s=4.6), state, before) is None
    assert refused(ticket(2, "code", max_wait_s=2.6), state) == 1  # 3.5 - 2.6, one at least
    assert refused(ticket(2, "code"), state, before) is None


def test_a_prior_alone_refuses_nobody():
    state = slot(engine(*EXPERTS, in_flight={"maths": 1}))

    assert refused(ticket(1, "code", max_wait_s=0.1), state, costs=COSTS) is None


def test_what_finds_nothing_before_it_is_never_refused():
    assert refused(ticket(1, "french", max_wait_s=0.01), slot(engine(*EXPERTS))) is None


def test_a_full_queue_is_retried_after_what_waiting_takes_now_and_a_second_at_least():
    assert retry_after_s(waiting(), now_s=9, last_wait_s=0.1) == 1
    assert retry_after_s(waiting(ticket(1, "maths", at_s=2)), now_s=9, last_wait_s=3) == 9 - 2
    assert retry_after_s(waiting(ticket(1, "maths", at_s=8)), now_s=9, last_wait_s=3) == 3


def test_several_engines_share_what_is_wanted_before():
    pair = [engine(*EXPERTS, id_=id_, in_flight={"maths": 1}) for id_ in ("one", "two")]
    before = ticket(1, "french", max_wait_s=9)

    # One drains for 2 s and turns to french, the other turns to code.
    assert waits(ticket(2, "code", at_s=1), slot(*pair), before) == pytest.approx(2 + 0.5)


def test_a_call_beside_one_of_its_expert_that_is_held_back_waits_for_the_next_turn():
    state = slot(engine(*EXPERTS, in_flight={"maths": 1}))
    other, held_back = ticket(1, "french"), ticket(2, "maths", at_s=1)

    found = waits(ticket(3, "maths", at_s=1), state, other, held_back)

    assert found == pytest.approx(2 + 2.5 + 0.5)


def test_a_turn_lasts_as_long_as_the_longest_of_its_calls():
    costs = Costs(Prior(default_gib=0, service_s=2, bandwidths=Bandwidths(swap_s=0.5)))
    costs.observe_service("french", 2)  # 2 s, with a deviation of a quarter until more is seen
    calls = [ticket(id_, "french") for id_ in range(20)]
    state = slot(engine(*EXPERTS, capacity=16))

    found = expected_wait_s(ticket(99, "code", at_s=1), state, waiting(*calls), costs, now_s=0)

    # Swap; 16 beside one another; the four that are left take a quarter of a round; swap.
    assert found == pytest.approx(0.5 + 2 * (1 + 4 / 16) + 0.5 * log(16) + 0.5)

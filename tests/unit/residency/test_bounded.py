from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.residency.actions import Add, Admit, Drain, Expire, Swap, Wait
from orchestrator.residency.arrival_order import arrival_order
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.state import Change
from tests.unit.residency.played import Played, engine, slot, ticket, waiting

EXPERTS = ("maths", "french", "code", "law")
#: The weights that each adapter is put on.
WEIGHTS = {"formal": "maths", "curt": "maths", "vite": "french"}


def costing(*, swap_s: float = 0.5, service_s: float = 2.0) -> Costs:
    bandwidths = Bandwidths(swap_s=swap_s, add_s=swap_s / 4)
    return Costs(Prior(default_gib=0, service_s=service_s, bandwidths=bandwidths))


def decided(host, *tickets, now_s=0.0, patience=0.5, costs=None):
    policy = Bounded(patience=patience)
    return policy(slot(host), waiting(*tickets), costs or costing(), now_s=now_s)


def holding(resident="maths", *, since_s=-100.0, **in_flight):
    return engine(*EXPERTS, resident=resident, in_flight=in_flight, since_s=since_s)


@pytest.mark.parametrize("patience", [-0.1, 1.1])
def test_a_patience_out_of_range_is_refused(patience):
    with pytest.raises(ValueError, match=f"patience is {patience}; it must be from 0 to 1"):
        Bounded(patience=patience)


def test_a_resident_is_admitted_ahead_of_one_that_came_before_and_needs_a_swap():
    found = decided(holding(maths=1), ticket(1, "french"), ticket(2, "maths"))

    assert found == Admit(ticket_id=2, engine="host")


def test_an_idle_engine_turns_to_what_is_worth_most():
    queue = ticket(1, "french"), ticket(2, "code"), ticket(3, "code")

    assert decided(holding(), *queue) == Swap(engine="host", expert="code")


def test_a_busy_engine_stays_until_something_is_worth_its_patience():
    few = [ticket(i, "french") for i in range(2)]
    many = [ticket(i, "french") for i in range(9)]

    # 1 call in 2 s here; 2 and 9 calls in 2 s of drain, 0.5 s of swap and 2 s of service there
    assert isinstance(decided(holding(maths=1), *few), Wait)
    assert decided(holding(maths=1), *many) == Drain(engine="host", expert="french")


def test_the_review_is_when_age_has_made_it_worth_it():
    host = replace(holding(maths=1), admitted_s=-2.0)  # drained by now, as far as is known
    queue = [ticket(i, "french") for i in range(2)]

    # 2 (1 + t / 60) / 2.5 s is twice 1 / 2 s at t = 15 s
    assert decided(host, *queue) == Wait(until_s=pytest.approx(15))


def test_an_engine_keeps_what_it_has_just_taken_for_a_while():
    queue = [ticket(i, "french") for i in range(9)]
    host = replace(holding(maths=1), since_s=10.0, admitted_s=10.0)

    assert decided(host, *queue, now_s=10.0) == Wait(until_s=10.5)  # as long as its swap took


def test_at_full_patience_only_a_bound_ends_a_stay():
    queue = [ticket(i, "french") for i in range(99)]
    bounded = ticket(1, "french", max_wait_s=30)

    assert decided(holding(maths=1), *queue, patience=1) == Wait()
    found = decided(holding(maths=1), bounded, patience=1)
    assert found == Wait(until_s=pytest.approx(30 - 2 - 0.5, abs=0.1))


def test_a_drain_admits_nothing_and_ends_in_the_swap():
    draining = replace(holding(maths=1), draining_for="french")
    queue = ticket(1, "french"), ticket(2, "maths")

    assert decided(draining, *queue) == Wait()
    drained = replace(draining, in_flight={})
    assert decided(drained, *queue) == Swap(engine="host", expert="french")


def test_a_drain_that_nobody_waits_for_is_taken_back():
    draining = replace(holding(maths=1), draining_for="french")

    assert decided(draining, ticket(2, "maths")) == Drain(engine="host", expert=None)


def test_a_bound_that_presses_goes_before_what_is_worth_more():
    queue = ticket(1, "french", max_wait_s=2.6), *(ticket(i, "code") for i in range(2, 9))

    assert decided(holding(), *queue) == Swap(engine="host", expert="french")
    relaxed = ticket(1, "french", max_wait_s=30), *queue[1:]
    assert decided(holding(), *relaxed) == Swap(engine="host", expert="code")


def test_a_resident_call_that_would_break_a_bound_waits():
    queue = ticket(1, "french", max_wait_s=2.2), ticket(2, "maths", max_wait_s=30)

    found = decided(holding(maths=1), *queue)

    assert found == Drain(engine="host", expert="french")


def test_what_waited_when_the_engine_changed_runs_in_any_case():
    host = replace(holding(), since_s=1.0)
    queue = ticket(1, "french", max_wait_s=2.2), ticket(2, "maths", at_s=0.5, max_wait_s=30)

    assert decided(host, *queue, now_s=1.0) == Admit(ticket_id=2, engine="host")


def test_a_ticket_whose_time_is_up_is_refused_even_during_a_swap():
    host = replace(holding(resident=""), change=Change(step="swap", expert="french"))

    found = decided(host, ticket(1, "french", max_wait_s=3), now_s=3)

    assert found == Expire(ticket_id=1)


def test_priority_is_a_head_start_among_the_calls_of_an_expert():
    queue = ticket(1, "maths"), ticket(2, "maths", at_s=0.5, priority=1)

    assert decided(holding(), *queue, now_s=1) == Admit(ticket_id=2, engine="host")


def test_adapters_run_beside_their_weights_and_take_the_place_of_unwanted_ones():
    host = engine(
        *EXPERTS,
        *WEIGHTS,
        adapters=("formal", "curt"),
        max_adapters=1,
        in_flight={"maths": 1},
        since_s=-100.0,
    )
    taken = replace(host, residents=("maths", "formal"))

    assert decided(host, ticket(1, "curt")) == Add(engine="host", expert="curt")
    found = decided(taken, ticket(1, "curt"))
    assert found == Add(engine="host", expert="curt", instead_of="formal")


arrivals = st.lists(
    st.tuples(st.sampled_from([*EXPERTS, *WEIGHTS]), st.floats(0, 3)), min_size=1, max_size=60
)


def trace(arrivals, *, max_wait_s=None):
    at_s, tickets = 0.0, []
    for id_, (expert, gap_s) in enumerate(arrivals):
        at_s += gap_s
        tickets.append(ticket(id_, expert, at_s=at_s, max_wait_s=max_wait_s))
    return tickets


def host_of(capacity, max_adapters=2, id_="host"):
    return engine(
        *EXPERTS,
        *WEIGHTS,
        id_=id_,
        capacity=capacity,
        weights_by_adapter=WEIGHTS,
        adapters=("formal", "curt"),
        max_adapters=max_adapters,
    )


@given(
    arrivals=arrivals,
    capacity=st.integers(1, 8),
    max_adapters=st.integers(1, 2),
    patience=st.floats(0, 1),
    num_engines=st.integers(1, 3),
    draw=st.randoms(use_true_random=False),
)
def test_every_call_runs_once_on_its_own_expert_and_nothing_in_flight_is_evicted(
    arrivals, capacity, max_adapters, patience, num_engines, draw
):
    """What `Played` asserts at each step, whatever calls really take; and nobody starves."""
    hosts = [host_of(capacity, max_adapters, id_=f"host{i}") for i in range(num_engines)]

    played = Played(slot(*hosts), Bounded(patience=patience), costing())
    played.play(trace(arrivals), service_s=lambda _: draw.uniform(0.1, 6))

    assert sorted(played.order) == list(range(len(arrivals)))


@given(
    arrivals=st.lists(
        st.tuples(st.sampled_from(EXPERTS), st.floats(0.3, 3)), min_size=1, max_size=60
    ),
    patience=st.floats(0, 1),
)
def test_a_feasible_load_is_served_within_its_bound(arrivals, patience):
    # a whole cycle of four experts takes 4 (0.5 s + 2 s), and one call may be begun before it
    played = Played(slot(host_of(64)), Bounded(patience=patience), costing())

    played.play(trace(arrivals, max_wait_s=13))

    assert played.expired == []
    assert max(played.waited_s.values()) <= 13


def test_two_experts_in_turns_are_swapped_a_tenth_as_often_as_in_arrival_order():
    tickets = [ticket(i, EXPERTS[i % 3], at_s=i / 20, max_wait_s=600) for i in range(1500)]
    host = engine(*EXPERTS, capacity=64)

    ours = Played(slot(host), Bounded(patience=0.9), costing()).play(tickets)
    theirs = Played(slot(host), arrival_order, costing())
    theirs.play([replace(one, bound_s=None) for one in tickets])

    assert theirs.num_swaps >= 10 * ours.num_swaps
    assert ours.expired == []
    assert ours.now_s < theirs.now_s

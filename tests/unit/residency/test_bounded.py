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


def test_an_idle_engine_turns_to_whom_waited_longest():
    queue = ticket(1, "french"), ticket(2, "code", at_s=1), ticket(3, "code", at_s=1)

    assert decided(holding(), *queue, now_s=1) == Swap(engine="host", expert="french")


def test_a_bound_that_ends_sooner_goes_before_who_came_first():
    queue = ticket(1, "french", max_wait_s=9), ticket(2, "code", at_s=1, max_wait_s=3)

    assert decided(holding(), *queue, now_s=1) == Swap(engine="host", expert="code")


def test_all_that_waited_when_the_engine_changed_run_though_a_bound_suffers():
    host = replace(holding(), since_s=1.0)
    queue = ticket(1, "french", max_wait_s=2.2), ticket(2, "maths", at_s=0.5, max_wait_s=30)

    assert decided(host, *queue, now_s=1.0) == Admit(ticket_id=2, engine="host")


def test_a_group_larger_than_the_engine_is_not_left_half_served():
    host = replace(holding(maths=7), since_s=1.0, capacity=8)
    rest = [ticket(i, "maths", at_s=1) for i in (2, 3)]
    other = ticket(1, "french", max_wait_s=2.2)

    assert decided(host, other, *rest, now_s=1.0) == Admit(ticket_id=2, engine="host")
    full = replace(host, in_flight={"maths": 8})
    assert decided(full, other, *rest, now_s=1.0) == Wait(until_s=2.2)


def test_while_nobody_else_waits_latecomers_run():
    found = decided(holding(maths=1), ticket(1, "maths", at_s=5), now_s=5)

    assert found == Admit(ticket_id=1, engine="host")


def test_a_latecomer_is_let_in_while_it_gains_more_than_the_others_lose():
    other, late = ticket(1, "french", at_s=10), ticket(2, "maths", at_s=10.4)
    crowd = [ticket(id_, "french", at_s=10) for id_ in range(3, 9)]

    def found(*queue, patience=0.5, running=1):
        host = replace(holding(maths=running), admitted_s=10.0)
        return decided(host, *queue, now_s=10.4, patience=patience)

    # Left behind it waits 0.5 s + 2 s for french. Beside one that runs it puts off the end, and
    # whoever waits for french, by 2 s * ln(2.5 / 1.5) = 1.0 s: one by less, two of them by more.
    assert found(other, late) == Admit(ticket_id=2, engine="host")
    assert found(other, *crowd, late) == Wait()
    # Beside five, 2 s * ln(6.5 / 5.5) = 0.33 s.
    assert found(other, *crowd, late, running=5) == Admit(ticket_id=2, engine="host")
    assert found(other, late, patience=0) == Wait()
    assert found(other, *crowd, late, patience=1) == Admit(ticket_id=2, engine="host")


def test_the_engine_whose_resident_is_asked_for_least_turns():
    hosts = [engine(*EXPERTS, resident=one, id_=one) for one in ("maths", "french")]
    queues = waiting(*(ticket(id_, "maths") for id_ in (1, 2)), ticket(3, "french", at_s=1))
    for id_ in (1, 2, 3):
        queues.remove(id_)
    queues.add(ticket(4, "code", at_s=2))

    found = Bounded()(slot(*hosts), queues, costing(), now_s=2)

    assert found == Swap(engine="french", expert="code")


def test_a_plan_breaks_ties_between_experts_but_no_bound():
    second = ticket(1, "french", max_wait_s=9, order=2)
    first = ticket(2, "code", at_s=0.5, max_wait_s=9, order=1)

    assert decided(holding(), second, first, now_s=1) == Swap(engine="host", expert="code")
    later = ticket(2, "code", at_s=1.5, max_wait_s=9, order=1)
    assert decided(holding(), second, later, now_s=2) == Swap(engine="host", expert="french")
    # Code's turn takes 0.5 s + 2 s, french's swap 0.5 s: 3 s would not be kept from 0.1 s on.
    tight = ticket(1, "french", max_wait_s=3, order=2), ticket(2, "code", max_wait_s=3, order=1)
    assert decided(holding(), *tight, now_s=0.1) == Swap(engine="host", expert="french")


def test_priority_and_order_break_no_bound_of_a_call_for_the_same_expert():
    urgent = [ticket(id_, "maths", at_s=1, max_wait_s=9, priority=10) for id_ in (2, 3)]

    # A call takes 2 s: who is due after 2.1 s cannot wait for another one's end.
    due = ticket(1, "maths", max_wait_s=3.1, order=5)
    assert decided(holding(), due, *urgent, now_s=1.5) == Admit(ticket_id=1, engine="host")
    later = ticket(1, "maths", max_wait_s=5, order=5)
    assert decided(holding(), later, *urgent, now_s=1.5) == Admit(ticket_id=2, engine="host")


def test_a_latecomer_that_would_break_a_bound_waits():
    host = replace(holding(maths=1), admitted_s=0.0)
    late = ticket(2, "maths", max_wait_s=30)

    # 2 s of its own and 0.5 s of the swap
    broken = decided(host, ticket(1, "french", max_wait_s=2.4), late, patience=1)
    assert broken == Wait(until_s=2.4)
    kept = decided(host, ticket(1, "french", max_wait_s=2.6), late, patience=1)
    assert kept == Admit(ticket_id=2, engine="host")


def test_a_latecomer_that_is_wanted_before_all_others_runs():
    other, late = ticket(1, "french", max_wait_s=9), ticket(2, "maths", at_s=5, max_wait_s=1)

    found = decided(holding(maths=1), other, late, now_s=5, patience=0)

    assert found == Admit(ticket_id=2, engine="host")


def test_an_engine_that_makes_room_admits_nothing_until_nobody_waits_for_it():
    draining = replace(holding(maths=1), draining_for="elsewhere")

    assert decided(draining, ticket(1, "elsewhere"), ticket(2, "maths")) == Wait()
    found = decided(draining, ticket(2, "maths"))
    assert found == Drain(engine="host", expert=None)


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


def test_adapters_that_are_planned_together_fit_and_the_rest_wait_with_their_age():
    adapters = {f"a{number}": "maths" for number in range(5)}
    host = engine("maths", *adapters, weights_by_adapter=adapters, adapters=tuple(adapters))
    calls = [ticket(i, f"a{i % 5}", at_s=i / 50, max_wait_s=30) for i in range(200)]

    played = Played(slot(replace(host, max_adapters=2)), Bounded(), costing())
    played.play(calls, service_s=lambda _: 0.3)

    assert sorted(played.order) == list(range(200))  # `Played` checks that two at most are there
    assert max(played.waited_s.values()) <= 30


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
        st.tuples(
            st.sampled_from(EXPERTS),
            st.floats(0.3, 3),
            st.integers(0, 9) | st.none(),
            st.integers(-10, 10),
        ),
        min_size=1,
        max_size=60,
    ),
    patience=st.floats(0, 1),
)
def test_a_feasible_load_is_served_within_its_bound_whatever_plans_advise(arrivals, patience):
    # a whole cycle of four experts takes 4 (0.5 s + 2 s), and one call may be begun before it
    played = Played(slot(host_of(64)), Bounded(patience=patience), costing())
    plain = trace([one[:2] for one in arrivals], max_wait_s=13)
    advised = [
        replace(ticket, order=order, priority=priority)
        for ticket, (_, _, order, priority) in zip(plain, arrivals, strict=True)
    ]

    played.play(advised)

    assert played.expired == []
    assert max(played.waited_s.values()) <= 13


def test_two_experts_in_turns_are_swapped_a_tenth_as_often_as_in_arrival_order():
    tickets = [ticket(i, EXPERTS[i % 3], at_s=i / 20, max_wait_s=600) for i in range(1500)]
    host = engine(*EXPERTS, capacity=64)

    ours = Played(slot(host), Bounded(), costing()).play(tickets)
    theirs = Played(slot(host), arrival_order, costing())
    theirs.play([replace(one, bound_s=None) for one in tickets])

    assert theirs.num_swaps >= 10 * ours.num_swaps
    assert ours.expired == []
    assert ours.now_s < theirs.now_s

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.residency.actions import Add, Admit, Expire, Promote, Recall, Swap, Wait
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.courteous import QUIET_S, Courteous
from orchestrator.residency.state import Change
from orchestrator.residency.tickets import BACKGROUND_SLO_S
from tests.unit.residency.played import Played, engine, slot, ticket, waiting

EXPERTS = ("maths", "french", "code")


def costing(*, swap_s: float = 0.5, service_s: float = 2.0) -> Costs:
    bandwidths = Bandwidths(swap_s=swap_s, add_s=swap_s / 4)
    return Costs(Prior(default_gib=0, service_s=service_s, bandwidths=bandwidths))


def nobodys(id_, expert, **fields):
    return ticket(id_, expert, is_background=True, **fields)


def decided(host, *tickets, now_s=0.0, beside=0.25, costs=None):
    policy = Courteous(beside=beside)
    return policy(slot(host), waiting(*tickets), costs or costing(), now_s=now_s)


def holding(resident="maths", *, asked=0, free=(), capacity=8, quiet_since_s=-inf, **fields):
    """An engine with so many calls that somebody waits for, and these that nobody does."""
    background = {id_: nobodys(id_, resident) for id_ in free}
    num_calls = asked + len(background)
    return engine(
        *EXPERTS,
        resident=resident,
        capacity=capacity,
        since_s=-100.0,
        in_flight={resident: num_calls} if num_calls else {},
        background=background,
        foreground_s=quiet_since_s,
        **fields,
    )


@pytest.mark.parametrize("beside", [-0.1, 1.1])
def test_a_share_beside_others_that_is_out_of_range_is_refused(beside):
    with pytest.raises(ValueError, match=f"beside is {beside}; it must be from 0 to 1"):
        Courteous(beside=beside)


def test_on_a_quiet_slot_background_calls_fill_the_engine():
    full = holding(free=range(10, 17))

    assert decided(full, nobodys(1, "maths")) == Admit(ticket_id=1, engine="host")


def test_beside_others_background_calls_take_their_share_and_no_more():
    late = nobodys(1, "maths")

    assert decided(holding(asked=1, free=(7,)), late) == Admit(ticket_id=1, engine="host")
    assert isinstance(decided(holding(asked=1, free=(7, 8)), late), Wait)
    assert isinstance(decided(holding(asked=1), late, beside=0), Wait)


def test_what_is_too_many_when_somebody_comes_is_called_back_the_latest_first():
    host = holding(asked=1, free=(3, 6, 5, 4))

    assert decided(host) == Recall(ticket_ids=(4, 5), engine="host")
    assert decided(replace(host, recalled={4})) == Recall(ticket_ids=(5,), engine="host")
    assert isinstance(decided(replace(host, recalled={4, 5})), Wait)


def test_a_moment_after_others_only_the_share_runs():
    host = holding(free=(7, 8), quiet_since_s=10.0)
    late = nobodys(1, "maths", at_s=10)

    assert decided(host, late, now_s=10.1) == Wait(until_s=10.0 + QUIET_S)
    assert decided(host, late, now_s=10.0 + QUIET_S) == Admit(ticket_id=1, engine="host")


def test_a_swap_that_somebody_waits_for_calls_all_background_calls_back_and_then_begins():
    host, asked = holding(free=(7, 8)), ticket(1, "french")

    assert decided(host, asked) == Recall(ticket_ids=(8, 7), engine="host")
    assert decided(replace(host, recalled={8}), asked) == Recall(ticket_ids=(7,), engine="host")
    assert isinstance(decided(replace(host, recalled={7, 8}), asked), Wait)
    assert decided(holding(), asked) == Swap(engine="host", expert="french")


def test_what_drains_for_others_does_not_wait_for_background_calls():
    host, asked = holding(asked=1, free=(7, 8)), ticket(1, "french")

    assert isinstance(decided(host, asked), Wait)


def test_a_full_engine_makes_room_for_one_call_by_one():
    host, asked = holding(asked=6, free=(7, 8)), ticket(1, "maths")

    assert decided(host, asked) == Recall(ticket_ids=(8,), engine="host")
    assert isinstance(decided(replace(host, recalled={8}), asked), Wait)


def test_an_adapter_whose_calls_nobody_waits_for_makes_room():
    host = replace(
        holding(),
        residents=("maths", "formal"),
        experts=frozenset((*EXPERTS, "formal", "curt")),
        adapters=("formal", "curt"),
        weights_by_adapter={"formal": "maths", "curt": "maths"},
        max_adapters=1,
        in_flight={"maths": 1, "formal": 1},
        background={7: nobodys(7, "formal")},
    )

    assert decided(host, ticket(1, "curt"), now_s=9) == Recall(ticket_ids=(7,), engine="host")
    freed = replace(host, in_flight={"maths": 1}, background={})
    added = Add(engine="host", expert="curt", instead_of="formal")
    assert decided(freed, ticket(1, "curt"), nobodys(2, "formal"), now_s=9) == added


def test_while_an_engine_is_being_freed_others_go_on():
    freeing = replace(holding(free=(7,), capacity=1), recalled={7})
    other = replace(holding("french"), id="other", experts=frozenset(["french"]))
    queues = waiting(ticket(1, "code"), ticket(2, "french"))

    found = Courteous()(slot(freeing, other), queues, costing(), now_s=0)

    assert found == Admit(ticket_id=2, engine="other")


def test_while_somebody_waits_for_another_expert_only_what_will_end_in_time_rides_along():
    """A call takes 2 s: of one that was admitted at 10 s they are left until then."""
    host = holding(asked=1, admitted_s=10.0)
    queue = ticket(1, "french", at_s=10), nobodys(2, "maths", at_s=10)

    assert decided(host, *queue, now_s=10.0) == Admit(ticket_id=2, engine="host")
    assert isinstance(decided(host, *queue, now_s=10.1), Wait)


def test_a_step_for_background_calls_waits_as_long_as_it_takes_and_longer_for_few():
    costs = costing(swap_s=2.0)
    many = [nobodys(id_, "french") for id_ in range(1, 9)]
    host = holding(quiet_since_s=10.0)

    swap = Swap(engine="host", expert="french")
    assert decided(host, *many, now_s=11.9, costs=costs) == Wait(until_s=12.0)
    assert decided(host, *many, now_s=12.0, costs=costs) == swap
    # Four of eight places: twice as long. One of eight would be 16 s.
    assert decided(host, *many[:4], now_s=12.0, costs=costs) == Wait(until_s=14.0)
    assert decided(host, many[0], now_s=25.9, costs=costs) == Wait(until_s=26.0)
    assert decided(holding(capacity=256), many[0], now_s=0, costs=costs) == swap


def test_background_calls_have_their_turns_in_the_order_of_their_plan():
    queue = nobodys(1, "code", order=2), nobodys(2, "french", order=1)

    assert decided(holding(), *queue) == Swap(engine="host", expert="french")
    resident = nobodys(3, "maths", order=3)
    assert decided(holding(), *queue, resident) == Admit(ticket_id=3, engine="host")


def test_no_step_is_taken_for_background_calls_while_somebody_is_answered():
    found = decided(holding(asked=1), nobodys(1, "french"), now_s=100)

    assert found == Wait(until_s=BACKGROUND_SLO_S)


def test_a_background_call_of_age_counts_like_others_a_few_at_a_time():
    old = [nobodys(id_, "french") for id_ in (1, 2, 3)]
    aged = [replace(one, is_background=False, is_aged=True, arrived_s=600.0) for one in old]
    host = holding(asked=1)

    assert decided(host, *old, now_s=600) == Promote(ticket_id=1)
    assert decided(host, aged[0], *old[1:], now_s=600) == Promote(ticket_id=2)
    assert isinstance(decided(host, *aged[:2], old[2], now_s=600), Wait)


def test_a_background_call_whose_time_is_up_is_refused():
    late = nobodys(1, "french", deadline_s=5.0)

    assert decided(holding(asked=1), late, now_s=5) == Expire(ticket_id=1)


def test_background_calls_are_not_let_in_beside_a_step():
    changing = replace(holding(), change=Change(step="swap", expert="maths"))

    assert decided(changing, nobodys(1, "maths")) == Wait(until_s=BACKGROUND_SLO_S)


@st.composite
def crowds(draw):
    """Calls that somebody waits for, beside some that nobody does."""
    tickets, at_s = [], 0.0
    for id_ in range(1, draw(st.integers(2, 30))):
        at_s += draw(st.sampled_from([0.0, 0.2, 1.0, 7.0, 40.0]))
        bound_s = draw(st.sampled_from([None, 20.0, 60.0]))
        is_free = draw(st.booleans())
        one = ticket(
            id_,
            draw(st.sampled_from(EXPERTS)),
            at_s=at_s,
            max_wait_s=None if is_free else bound_s,
            is_background=is_free,
        )
        tickets.append(one)
    return tickets


@settings(max_examples=150, deadline=None)
@given(crowd=crowds(), capacity=st.sampled_from([1, 2, 8]))
def test_every_background_call_ends_and_none_starves(crowd, capacity):
    host = slot(engine(*EXPERTS, capacity=capacity))

    played = Played(host, Courteous(), costs=costing()).play(crowd)

    assert set(played.ended_s) | set(played.expired) == {one.id for one in crowd}
    assert not {one.id for one in crowd if one.is_background} & set(played.expired)


@settings(max_examples=150, deadline=None)
@given(crowd=crowds(), capacity=st.sampled_from([1, 2, 8]), patience=st.sampled_from([0, 0.5, 1]))
def test_without_background_calls_it_is_bounded(crowd, capacity, patience):
    asked = [one for one in crowd if not one.is_background]
    host = slot(engine(*EXPERTS, capacity=capacity))

    ours, plain = (
        Played(host, policy, costs=costing()).play(asked)
        for policy in (Courteous(patience=patience), Bounded(patience=patience))
    )

    assert (ours.ended_s, ours.steps) == (plain.ended_s, plain.steps)


@settings(max_examples=150, deadline=None)
@given(crowd=crowds(), capacity=st.sampled_from([2, 8]))
def test_who_waits_is_later_by_two_steps_at_most(crowd, capacity):
    """A step for others is under way when it comes, and its own expert had been in place."""
    asked = [one for one in crowd if not one.is_background]
    host = slot(engine(*EXPERTS, capacity=capacity))
    lone = [replace(asked[0], bound_s=None)] if asked else []
    free = [one for one in crowd if one.is_background]

    played = Played(host, Courteous(), costs=costing(swap_s=0.5)).play([*free, *lone])

    assert all(played.waited_s[one.id] <= 2 * 0.5 + 1e-9 for one in lone)

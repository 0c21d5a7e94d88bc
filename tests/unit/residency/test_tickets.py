from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.residency.queues import MEMORY_S, Queues
from orchestrator.residency.tickets import DEFAULT_SLO_S
from tests.unit.residency.played import ticket, waiting


def test_an_unknown_ticket_is_not_removed():
    assert Queues().remove(1) is None


def test_a_ticket_is_due_at_the_sooner_of_its_bound_and_its_deadline():
    assert ticket(1, "maths", at_s=2, max_wait_s=5).due_s == 2 + 5
    assert ticket(1, "maths", at_s=2, max_wait_s=5, deadline_s=3).due_s == 3
    assert ticket(1, "maths").due_s == inf


def test_urgency_counts_each_ticket_once_and_once_more_at_its_bound():
    queues = waiting(ticket(1, "maths", max_wait_s=10), ticket(2, "maths", at_s=5, max_wait_s=10))

    assert queues.groups["maths"].urgency(10) == pytest.approx(1 + 10 / 10 + 1 + 5 / 10)


def test_without_a_bound_age_counts_against_the_default():
    queues = waiting(ticket(1, "maths"))

    assert queues.groups["maths"].urgency(DEFAULT_SLO_S) == pytest.approx(2)


def test_a_level_of_priority_is_a_second_of_head_start():
    calm, urgent = ticket(1, "maths"), ticket(2, "maths", at_s=0.9, priority=1)
    too_late = ticket(3, "maths", at_s=1.1, priority=1)

    assert waiting(calm, urgent).groups["maths"].first == urgent
    assert waiting(calm, too_late).groups["maths"].first == calm


def test_calls_of_one_second_go_by_the_order_of_their_plan():
    third, first = ticket(1, "maths", at_s=0.1, order=3), ticket(2, "maths", at_s=0.9, order=1)

    assert waiting(third, first).groups["maths"].first == first


def test_an_order_moves_no_call_by_a_second():
    third, first = ticket(1, "maths", at_s=0.9, order=3), ticket(2, "maths", at_s=1.9, order=1)

    assert waiting(third, first).groups["maths"].first == third


def test_a_call_without_an_order_is_not_passed_by_one_that_has_it():
    plain, planned = ticket(1, "maths", at_s=0.9), ticket(2, "maths", at_s=0.1, order=0)

    assert waiting(plain, planned).groups["maths"].first == plain


tickets = st.builds(
    lambda id_, expert, at_s, wait_s, priority, order: ticket(
        id_, expert, at_s=at_s, max_wait_s=wait_s, priority=priority, order=order
    ),
    st.integers(0, 10_000),
    st.sampled_from(["maths", "french", "code"]),
    st.floats(0, 100),
    st.none() | st.floats(0.1, 100),
    st.integers(-5, 5),
    st.none() | st.integers(0, 3),
)


@given(st.lists(tickets, unique_by=lambda one: one.id, max_size=30), st.data())
def test_whatever_comes_and_goes_the_groups_say_what_a_walk_would_find(all_tickets, data):
    queues, kept = Queues(), {}
    for one in all_tickets:
        queues.add(one)
        kept[one.id] = one
        if data.draw(st.booleans()):
            gone = data.draw(st.sampled_from(sorted(kept)))
            assert queues.remove(gone) == kept.pop(gone)

    by_expert = {}
    for one in kept.values():
        by_expert.setdefault(one.expert, []).append(one)
    assert list(queues) == list(kept.values())
    assert set(queues.groups) == set(by_expert)
    for expert, mine in by_expert.items():
        group = queues.groups[expert]
        assert group.due_s == min(one.due_s for one in mine)
        assert group.first.rank == min(one.rank for one in mine)
        urgency = sum(1 + (100 - one.arrived_s) / one.slo_s for one in mine)
        assert group.urgency(100) == pytest.approx(urgency, rel=1e-6, abs=1e-3)
        assert group.wanted_s == min(one.wanted_s for one in mine)
    order = sorted(
        min((one.wanted_s, one.id, one.expert) for one in mine) for mine in by_expert.values()
    )
    assert queues.by_wanted == order
    wanted = [one.wanted_s for one in kept.values()]
    for moment_s in (0, 50, *wanted):
        assert queues.num_wanted_by(moment_s) == sum(one <= moment_s for one in wanted)
    assert queues.next_due_s == min((one.due_s for one in kept.values()), default=inf)
    late = queues.overdue(50)
    assert (late is None) == all(one.due_s > 50 for one in kept.values())
    assert late is None or late.due_s <= 50


def test_an_expert_is_popular_for_uses_that_are_many_and_lately():
    calls = [*["often"] * 3, "once"]
    queues = waiting(*(ticket(id_, expert, at_s=10) for id_, expert in enumerate(calls)))
    assert queues.popularity("often") > queues.popularity("once") > queues.popularity("never")

    # Three uses weigh less than one that came when they had faded to a twentieth each.
    queues.add(ticket(9, "once", at_s=10 + 3 * MEMORY_S))

    assert queues.popularity("once") > queues.popularity("often")
    assert waiting(ticket(1, "late", at_s=1e9)).popularity("late") < inf

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Add, Admit, Expire, Swap, Wait
from orchestrator.residency.arrival_order import arrival_order
from orchestrator.residency.state import Change
from tests.unit.residency.played import Played, engine, slot, ticket, waiting

#: The weights that each adapter is put on.
WEIGHTS = {"formal": "maths", "curt": "maths", "long": "maths", "vite": "french"}
ENGINE = engine(
    "maths",
    "french",
    *WEIGHTS,
    weights_by_adapter=WEIGHTS,
    adapters=("formal", "curt", "long"),
    max_adapters=2,
)


def decided(host, *tickets, now_s=0.0):
    return arrival_order(slot(host), waiting(*tickets), Costs(), now_s=now_s)


def holding(*residents, **in_flight):
    return replace(ENGINE, residents=residents, in_flight=in_flight)


def test_the_head_runs_when_its_expert_is_resident():
    assert decided(holding("maths", maths=1), ticket(1, "maths")) == Admit(
        ticket_id=1, engine="host"
    )


def test_the_host_is_drained_before_it_swaps():
    head = ticket(1, "french")

    assert decided(holding("maths", maths=1), head) == Wait()
    assert decided(holding("maths"), head) == Swap(engine="host", expert="french")


def test_later_tickets_of_the_resident_expert_do_not_overtake_the_head():
    assert decided(holding("maths", maths=1), ticket(1, "french"), ticket(2, "maths")) == Wait()


def test_a_full_engine_takes_no_more():
    assert decided(holding("maths", maths=8), ticket(1, "maths")) == Wait()


def test_nothing_is_admitted_or_swapped_during_a_swap():
    swapping = replace(holding(), change=Change(step="swap", expert="maths"))

    assert decided(swapping, ticket(1, "maths")) == Wait()


def test_a_ticket_expires_at_its_deadline_wherever_it_stands():
    queue = ticket(1, "french"), ticket(2, "maths", deadline_s=5)

    assert decided(holding("maths", maths=1), *queue, now_s=4.9) == Wait(until_s=5)
    assert decided(holding("maths", maths=1), *queue, now_s=5) == Expire(ticket_id=2)


def test_an_adapter_is_added_beside_what_is_in_flight():
    found = decided(holding("maths", maths=3), ticket(1, "curt"))

    assert found == Add(engine="host", expert="curt")


def test_where_all_are_taken_the_least_recently_used_idle_adapter_makes_room():
    queue = ticket(1, "long")

    of_two_idle = decided(holding("formal", "curt", "maths", maths=1), queue)
    of_one_idle = decided(holding("formal", "curt", "maths", formal=1), queue)

    assert of_two_idle == Add(engine="host", expert="long", instead_of="formal")
    assert of_one_idle == Add(engine="host", expert="long", instead_of="curt")


def test_where_all_adapters_answer_calls_the_head_waits_and_none_overtakes_it():
    state = holding("maths", "curt", "formal", curt=1, formal=2)

    assert decided(state, ticket(1, "long"), ticket(2, "maths")) == Wait()


def test_an_adapter_on_other_weights_waits_until_the_host_is_drained():
    queue = ticket(1, "vite")

    assert decided(holding("maths", curt=1), queue) == Wait()
    assert decided(holding("maths"), queue) == Swap(engine="host", expert="vite")


@given(
    arrivals=st.lists(st.sampled_from(sorted(ENGINE.experts)), max_size=30),
    capacity=st.integers(1, 4),
    max_adapters=st.integers(1, 3),
)
def test_every_ticket_runs_once_in_order_on_its_own_expert(arrivals, capacity, max_adapters):
    host = replace(ENGINE, capacity=capacity, max_adapters=max_adapters)
    tickets = [ticket(i, expert, at_s=i / 7) for i, expert in enumerate(arrivals)]

    played = Played(slot(host), arrival_order).play(tickets)

    assert played.order == list(range(len(arrivals)))

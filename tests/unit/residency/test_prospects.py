"""All waits at once are the waits one by one, and take no longer than a slot may be held up."""

import time
from dataclasses import replace
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.residency.estimates import expected_wait_s
from orchestrator.residency.prospects import expected_waits_s
from orchestrator.residency.state import Change
from tests.unit.residency.played import engine, slot, ticket, waiting

COSTS = Costs(Prior(default_gib=0, service_s=2.0, bandwidths=Bandwidths(swap_s=0.5, start_s=30)))
NAMES = ("maths", "french", "code", "law", "formal")
NOW_S = 5.0


@st.composite
def engines(draw, id_):
    experts = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    resident = draw(st.sampled_from(experts))
    host = engine(*experts, resident=resident)
    return replace(
        host,
        id=id_,
        rung=draw(st.sampled_from(["serving", "asleep", "stopped"])),
        capacity=draw(st.integers(1, 3)),
        in_flight=draw(st.sampled_from([{}, {resident: 2}])),
        admitted_s=4.0,
        draining_for=draw(st.sampled_from([None, experts[-1]])),
        change=draw(st.sampled_from([None, Change(step="swap", expert=experts[0], began_s=4.5)])),
        down=draw(st.sampled_from([None, None, None, "it died"])),
    )


@st.composite
def tickets(draw):
    asked = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 4)), max_size=12))
    bounds = st.sampled_from([None, 2, 4])
    return [
        ticket(number, expert, at_s=at_s, max_wait_s=draw(bounds))
        for number, (expert, at_s) in enumerate(asked, start=1)
    ]


@given(first=engines("e1"), second=engines("e2"), asked=tickets())
def test_it_says_of_every_expert_what_is_said_of_its_first_call(first, second, asked):
    state, queues = slot(first, second), waiting(*asked)

    one_by_one = {
        expert: expected_wait_s(group.first, state, queues, COSTS, now_s=NOW_S)
        for expert, group in queues.groups.items()
    }

    found = expected_waits_s(state, queues, COSTS, now_s=NOW_S)
    assert {expert: round(wait_s, 9) for expert, wait_s in found.items()} == {
        expert: round(wait_s, 9) for expert, wait_s in one_by_one.items()
    }


def test_what_no_engine_can_become_waits_for_ever():
    queues = waiting(ticket(1, "law"))

    assert expected_waits_s(slot(engine("maths")), queues, COSTS, now_s=1.0) == {"law": inf}


def test_all_experts_at_once_are_asked_in_less_time_than_one_by_one():
    names = [f"e{number}" for number in range(300)]
    state = slot(engine(*names, resident="e0"))
    queues = waiting(*(ticket(i, name, at_s=i / 1000) for i, name in enumerate(names, start=1)))

    def one_by_one() -> None:
        for group in queues.groups.values():
            expected_wait_s(group.first, state, queues, COSTS, now_s=2.0)

    def at_once() -> None:
        expected_waits_s(state, queues, COSTS, now_s=2.0)

    # Of this thread, in turns: what else the machine does is in both or in neither.
    pairs = [(took_s(at_once), took_s(one_by_one)) for _ in range(3)]
    assert min(at / by for at, by in pairs) < 0.75, pairs


def took_s(do) -> float:
    began_s = time.thread_time()
    do()
    return time.thread_time() - began_s

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import SetupError
from orchestrator.simulation.contenders import PEERS, contender
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.outcome import quantile
from orchestrator.simulation.run import Contender, Setting, simulated
from orchestrator.simulation.trace import Request, Trace
from orchestrator.simulation.workloads import KINDS, Load, made
from tests.unit.simulation.small import MACHINE, ONE_SLOT, asked, begins, played


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """A few experts, bursts and pauses, and calls that need earlier ones."""
    requests, now_s = [], 0.0
    for place in range(draw(st.integers(1, 40))):
        now_s += draw(st.sampled_from([0.0, 0.1, 1.0, 30.0]))
        needed = draw(st.sets(st.integers(0, place - 1), max_size=3)) if place else set()
        requests.append(
            Request(
                id=place,
                expert=draw(st.sampled_from("abcd")),
                arrives_s=now_s,
                prompt_tokens=1,
                output_tokens=draw(st.integers(1, 9)),
                after=tuple(sorted(needed)),
            )
        )
    return Trace(name="drawn", requests=requests)


@pytest.mark.parametrize("name", PEERS)
@settings(max_examples=40, deadline=None)
@given(trace=traces(), num_slots=st.integers(1, 3))
def test_every_request_ends_once_and_after_what_it_needs(name, trace, num_slots):
    setting = Setting(num_slots=num_slots, machine=MACHINE)

    _, fates = played(trace, contender(name, trace), setting)

    for request, fate in zip(trace.requests, fates, strict=True):
        assert fate.began_s is not None
        assert request.arrives_s <= fate.made_s <= fate.began_s < fate.ended_s
        assert all(fates[needed].ended_s <= fate.made_s for needed in request.after)


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_trace_has_the_same_figures(name, kind):
    trace = made(kind, Load(num_requests=120, seed=5))

    first, second = (
        simulated(trace, contender(name, trace), Setting(num_slots=2)) for _ in range(2)
    )

    assert first == second


def test_figures_are_those_of_the_arithmetic():
    trace = asked(("a", 0), ("b", 0), ("a", 1), ("a", 14))

    outcome = simulated(trace, contender("lru", trace), ONE_SLOT)

    # a 2-5, b 7-10, a 12-15, and the last a finds its expert: 14-17.
    assert (outcome.num_swaps, outcome.swapping_s, outcome.makespan_s) == (3, 6, 17)
    assert (outcome.p50_wait_s, outcome.p99_wait_s, outcome.max_wait_s) == (2, 11, 11)
    assert outcome.hit_rate == 1 / 4
    assert outcome.utilisation == 11 / 17


def test_an_aggregator_is_asked_when_the_answers_are_there():
    proposal = Request(id=0, expert="a", arrives_s=0.0, prompt_tokens=1, output_tokens=3)
    merge = Request(id=1, expert="b", arrives_s=0.0, prompt_tokens=1, output_tokens=1, after=(0,))
    trace = Trace(name="wave", requests=[proposal, merge])

    _, fates = played(trace, contender("lru", trace))

    assert (fates[1].made_s, fates[1].began_s) == (5, 7)


def test_what_is_refused_counts_as_an_endless_wait_and_takes_its_followers_along():
    refusing = Contender(
        name="closed",
        policy=contender("lru", asked(("a", 0))).policy,
        doorkeeper=lambda ticket, *state, now_s: 9.0 if ticket.id == 1 else None,
    )
    requests = [*asked(("a", 0), ("b", 1)).requests]
    follower = Request(
        id=2, expert="a", arrives_s=1.0, prompt_tokens=1, output_tokens=1, after=(0, 1)
    )
    trace = Trace(name="refused", requests=[*requests, follower])

    _, fates = played(trace, refusing)
    outcome = simulated(trace, refusing, ONE_SLOT)

    assert begins(fates) == [None, 3, None]
    assert (outcome.num_refused, outcome.num_answered) == (2, 1)
    assert outcome.p50_wait_s == float("inf")
    assert outcome.max_wait_s == 2


def test_slots_share_the_calls():
    trace = asked(("a", 0), ("b", 0), ("c", 0))

    _, fates = played(trace, contender("lru", trace), Setting(num_slots=3, machine=MACHINE))

    assert begins(fates) == [2, 2, 2]


def test_engines_that_do_not_fit_a_slot_are_refused():
    with pytest.raises(SetupError, match="at most 3 fit"):
        Machine(engines=4)


def test_clients_make_their_next_request_when_they_have_an_answer():
    trace = asked(("a", 0), ("a", 0), ("b", 0))
    setting = Setting(machine=MACHINE, clients=2)

    _, fates = played(trace, contender("lru", trace), setting)

    # Two run from 2 to 5; the first client to be free then asks for b.
    assert [fate.made_s for fate in fates] == [0, 0, 5]
    assert begins(fates) == [2, 2, 7]


def test_clients_do_not_play_requests_that_need_others():
    requests = [
        Request(id=0, expert="a", arrives_s=0, prompt_tokens=1, output_tokens=1),
        Request(id=1, expert="a", arrives_s=0, prompt_tokens=1, output_tokens=1, after=(0,)),
    ]
    trace = Trace(name="wave", requests=requests)

    with pytest.raises(SetupError, match="'wave', request 1 comes after \\[0\\]"):
        simulated(trace, contender("lru", trace), Setting(machine=MACHINE, clients=1))


def test_several_gateways_keep_experts_apart_once_homes_are_planned():
    trace = made("zipf", Load(num_requests=2000, num_experts=16, requests_per_s=16.0, seed=1))
    setting = Setting(num_slots=4, num_gateways=4, max_wait_s=120.0, between_s=20.0)
    fixed = contender("bounded", trace)

    off = simulated(trace, fixed, setting)
    on = simulated(trace, replace(fixed, solver=lambda *_: None), setting)

    assert on.num_swaps < 0.9 * off.num_swaps
    assert (on.num_refused, off.num_refused) == (0, 0)


def test_background_requests_are_made_in_a_window_and_change_little_for_others():
    asked = made("zipf", Load(num_requests=150, requests_per_s=4.0, seed=3)).requests
    free = [
        Request(id=0, expert=f"e{n // 40:03}", arrives_s=0, prompt_tokens=200, output_tokens=100)
        for n in range(480)
    ]
    both = [*(replace(one, is_background=True) for one in free), *asked]
    beside = Trace(name="beside", requests=[replace(one, id=at) for at, one in enumerate(both)])
    setting = Setting(max_wait_s=120.0, window=64)

    alone = waits_s(Trace(name="alone", requests=asked), setting)
    shared = waits_s(beside, setting)

    assert len(shared) == len(alone) == 150
    assert quantile(shared, 0.99) <= 1.25 * quantile(alone, 0.99)


def waits_s(trace: Trace, setting: Setting) -> list[float]:
    """Of requests that somebody waits for, until their answers."""
    _, fates = played(trace, contender("bounded", trace), setting)
    ends = zip(trace.requests, fates, strict=True)
    return [fate.ended_s - fate.made_s for request, fate in ends if not request.is_background]

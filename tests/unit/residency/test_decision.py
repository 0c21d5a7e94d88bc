"""What is told of a decision is what it was made of."""

from dataclasses import replace

import pytest

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.residency.actions import (
    Admit,
    Drain,
    Expire,
    Promote,
    Recall,
    Sleep,
    Start,
    Stop,
    Swap,
    Wait,
    Wake,
)
from orchestrator.residency.decision import decision_of
from orchestrator.residency.state import Change
from tests.unit.residency.played import engine, slot, ticket, waiting

COSTS = Costs(Prior(default_gib=0, service_s=2.0, bandwidths=Bandwidths(swap_s=0.5, start_s=30)))
HOLDING = engine("maths", "french", resident="maths")
BUSY = replace(HOLDING, in_flight={"maths": 2}, admitted_s=1.0)
SLEEPER = replace(HOLDING, rung="asleep")
LAW = replace(engine("law", resident="law"), id="other")


def told(action, *tickets, hosts=(HOLDING,), now_s=1.0):
    return decision_of(action, slot(*hosts), waiting(*tickets), COSTS, now_s=now_s)


def test_a_swap_tells_who_waits_how_long_and_by_when_it_is_wanted():
    decision = told(
        Swap(engine="host", expert="french"),
        ticket(1, "french", max_wait_s=5),
        ticket(2, "french", at_s=0.5, max_wait_s=5),
    )

    assert decision.why == "2 calls wait for 'french', the first for 1.00 s, wanted within 4.00 s"
    assert (decision.what, decision.expected_s, decision.num_waiting) == ("swap", 0.5, 2)
    assert decision.sentence == "swap for 'french' on engine 'host'"


def test_what_is_wanted_already_is_late():
    decision = told(
        Swap(engine="host", expert="french"), ticket(1, "french", max_wait_s=1), now_s=3
    )

    assert decision.why.endswith("the first for 3.00 s, late")


def test_a_start_for_nobody_is_ahead_of_need():
    decision = told(Start(engine="host", expert="french"))

    assert decision.why == "nobody waits for 'french': ahead of need"
    assert (decision.what, decision.expected_s) == ("start", 30.0)


@pytest.mark.parametrize(("rung", "what"), [("asleep", "wake"), ("weightless", "reload")])
def test_waking_goes_by_the_step_it_is(rung, what):
    sleeper = replace(HOLDING, rung=rung)

    assert told(Wake(engine="host", expert="maths"), hosts=[sleeper]).what == what


def test_a_drain_tells_how_long_what_runs_should_take():
    decision = told(Drain(engine="host", expert="french"), ticket(1, "french"), hosts=[BUSY])

    assert (decision.what, decision.expert) == ("drain", "french")
    assert decision.expected_s > 0


def test_a_drain_that_is_taken_back_names_who_has_gone():
    draining = replace(BUSY, draining_for="french")

    decision = told(Drain(engine="host", expert=None), hosts=[draining])

    assert (decision.what, decision.why) == ("resume", "nobody waits for 'french' any more")


@pytest.mark.parametrize("down", [Sleep(engine="other", rung="asleep"), Stop(engine="other")])
def test_a_step_down_names_for_whom_memory_is_freed(down):
    decision = told(down, ticket(1, "maths"), hosts=[SLEEPER, LAW])

    assert decision.why.startswith("its memory is wanted for 'maths': 1 call waits for")
    assert decision.expert is None


def test_a_step_down_for_nobody_says_so():
    assert told(Stop(engine="other"), hosts=[HOLDING, LAW]).why == (
        "nobody waits for what engine 'other' holds"
    )


def test_an_expiry_tells_the_wait():
    decision = told(Expire(ticket_id=1), ticket(1, "french", max_wait_s=1), now_s=1.25)

    assert (decision.expert, decision.why) == ("french", "its time was up after 1.25 s")


def test_an_admission_expects_a_call():
    assert told(Admit(ticket_id=1, engine="host"), ticket(1, "maths")).expected_s == 2.0


def test_a_wait_tells_of_every_engine_what_keeps_it():
    swapping = replace(LAW, change=Change(step="swap", expert="law", began_s=0.75))
    draining = replace(BUSY, draining_for="french")
    lost = replace(LAW, id="third", down="it died")

    why = told(Wait(until_s=2.5), ticket(1, "french"), hosts=[draining, swapping, lost]).why

    assert why == (
        "engine 'host' ends 2 calls, then makes room for 'french'; engine 'other': swap to 'law' "
        "for 0.25 s; engine 'third' is down: it died; looked at again in 1.50 s"
    )


def test_with_nobody_waiting_there_is_nothing_to_do():
    assert told(Wait(), hosts=[BUSY]).why == "nobody waits"


def test_calls_that_no_engine_can_take_are_told_of():
    assert told(Wait(), ticket(1, "code")).why == "no engine here can take them"


def test_a_step_for_a_batch_says_so():
    free = [ticket(id_, "french", is_background=True) for id_ in (1, 2)]

    decision = told(Swap(engine="host", expert="french"), *free)

    assert decision.why == "nobody asks for anything, and a batch has 2 calls for 'french'"
    assert decision.num_waiting == 0


def test_what_becomes_of_calls_that_nobody_waits_for_is_told():
    free = ticket(7, "maths", is_background=True)
    host = replace(HOLDING, in_flight={"maths": 1}, background={7: free})

    recall = told(Recall(ticket_ids=(7,), engine="host"), hosts=(host,))
    promotion = told(Promote(ticket_id=7), free, now_s=600)
    wait = told(Wait(until_s=1.5), free)

    assert recall.sentence == "recall on engine 'host'"
    assert recall.why == "others wait for the place of 1 call"
    assert (promotion.sentence, promotion.why) == ("promote for 'maths'", "it has waited for 600 s")
    assert wait.why == "looked at again in 0.50 s; 1 call of batches may wait"

from dataclasses import replace

import pytest

from orchestrator.service.gateways import PATIENCE_S
from orchestrator.service.reports import WorkerReport
from orchestrator.service.rollcall import Rollcall
from tests.unit.service.calling import (
    FRENCH,
    LAW,
    MATHS,
    NEW_MATHS,
    Clock,
    gateway,
    lineage,
    plan,
    worker,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rollcall(clock) -> Rollcall:
    made = Rollcall(clock=clock)
    made.hear_gateway(gateway())
    made.settle(plan(1, a=[lineage("llama", MATHS, FRENCH)]))
    made.hear_worker(worker(made, "a", MATHS, FRENCH, llama="up"))
    return made


PROPOSED = plan(2, [NEW_MATHS], a=[lineage("llama", MATHS, FRENCH, NEW_MATHS)])


def waiting(rollcall: Rollcall) -> dict[str, str]:
    return rollcall.obstacles(2).waiting


def test_a_proposal_waits_for_every_gateway_and_every_slot(rollcall):
    rollcall.announce(2)
    assert set(waiting(rollcall)) == {"gateway g", "conductor"}

    rollcall.propose(PROPOSED)
    assert waiting(rollcall)["slot a"] == "its worker is not told yet"
    rollcall.hear_worker(worker(rollcall, "a", MATHS, FRENCH, llama="starting"))
    assert waiting(rollcall)["slot a"] == "llama starting"
    rollcall.hear_worker(worker(rollcall, "a", MATHS, FRENCH, NEW_MATHS, llama="up"))
    rollcall.hear_gateway(gateway(prepared=2))

    assert (waiting(rollcall), rollcall.obstacles(2).failed) == ({}, {})


def test_a_gateway_and_a_slot_that_cannot_say_why(rollcall):
    rollcall.announce(2)
    rollcall.propose(PROPOSED)
    rollcall.hear_worker(worker(rollcall, "a", MATHS, llama="failed"))
    rollcall.hear_gateway(gateway(failed=2, failure="router 'topic' cannot be used"))

    assert rollcall.obstacles(2).failed == {
        "gateway g": "router 'topic' cannot be used",
        "slot a": "llama failed",
    }


def test_gateways_have_switched_once_all_that_serve_serve_it_or_a_newer(rollcall, clock):
    gateways = rollcall.gateways
    rollcall.hear_gateway(gateway("late", live=1))
    rollcall.hear_gateway(gateway("ahead", live=3))
    assert not gateways.have_switched(2)
    assert gateways.serving == {"g": 1, "late": 1, "ahead": 3}

    rollcall.hear_gateway(gateway("g", live=2))
    clock.now_s += PATIENCE_S
    assert not gateways.have_switched(2)
    clock.now_s += 0.1  # the late one has been silent for too long

    assert gateways.have_switched(2)


def test_a_failure_of_an_earlier_proposal_is_not_one_of_this(rollcall):
    rollcall.announce(2)
    rollcall.hear_gateway(gateway(failed=1, failure="old"))

    assert rollcall.obstacles(2).failed == {}


def test_replicas_that_say_nothing_are_not_waited_for_long(rollcall, clock):
    rollcall.announce(2)
    rollcall.propose(PROPOSED)
    rollcall.hear_worker(WorkerReport(slot="a", state="silent", detail="gone"))
    assert waiting(rollcall) == {"gateway g": "it is loading generation 2", "slot a": "gone"}

    clock.now_s += PATIENCE_S + 1

    assert waiting(rollcall) == {}


def test_a_conductor_that_has_heard_nobody_yet_waits(clock):
    fresh = Rollcall(clock=clock)
    fresh.announce(2)

    assert "gateways" in waiting(fresh)


def test_what_was_replaced_stays_while_a_request_is_pinned_to_it(rollcall):
    rollcall.announce(2)
    rollcall.propose(PROPOSED)
    rollcall.settle(plan(2, a=[lineage("llama", FRENCH, NEW_MATHS)]))

    rollcall.hear_gateway(gateway(live=2, oldest=1))
    assert MATHS.key in rollcall.assignment("a").keys
    rollcall.hear_gateway(gateway(live=2, oldest=2))

    assert rollcall.assignment("a").keys == {FRENCH.key, NEW_MATHS.key}


def test_one_gateway_that_has_not_switched_keeps_what_it_serves(rollcall):
    rollcall.hear_gateway(gateway("late", live=1))
    rollcall.settle(plan(2, a=[lineage("llama", FRENCH)]))

    rollcall.hear_gateway(gateway(live=2))

    assert MATHS.key in rollcall.assignment("a").keys


def test_a_gateway_that_is_gone_keeps_nothing(rollcall, clock):
    rollcall.hear_gateway(gateway("dying", live=1))
    rollcall.settle(plan(2, a=[lineage("llama", FRENCH)]))
    clock.now_s += 11

    rollcall.hear_gateway(gateway(live=2))

    assert rollcall.assignment("a").keys == {FRENCH.key}


def test_a_lineage_that_is_gone_stays_in_its_slot_while_it_is_pinned(rollcall):
    rollcall.settle(plan(2, a=[lineage("qwen", LAW)]))

    assert [one.id for one in rollcall.assignment("a").lineages] == ["qwen", "llama"]


def test_a_withdrawn_proposal_leaves_nothing_behind(rollcall):
    before = rollcall.assignment("a")
    rollcall.announce(2)
    rollcall.propose(PROPOSED)

    rollcall.withdraw()

    assert rollcall.assignment("a") == before
    assert rollcall.census().proposed is None


def test_nobody_is_sent_where_an_expert_is_about_to_leave(rollcall):
    rollcall.hear_gateway(gateway(live=2))
    rollcall.settle(plan(2, a=[lineage("llama", FRENCH)]))

    # The worker has not been told yet, and still takes both.
    assert rollcall.table().slots_by_expert == {FRENCH.key: ("a",)}


def test_a_worker_that_came_back_empty_is_told_again(rollcall):
    assert rollcall.is_told("a")

    rollcall.hear_worker(replace(worker(rollcall, "a"), stamp=None))

    assert not rollcall.is_told("a")
    assert rollcall.table().slots_by_expert == {}


def test_before_any_plan_the_workers_say_where_what_is(clock):
    fresh = Rollcall(clock=clock)
    fresh.hear_worker(worker(fresh, "a", MATHS, llama="up"))
    fresh.hear_worker(worker(fresh, "b", MATHS, llama="starting"))

    assert fresh.placed == {"llama": ("a", "b")}
    assert fresh.table().slots(MATHS.key) == ("a", "b")
    assert fresh.holds_engines


def test_what_is_lacking_names_the_experts_and_the_slots_that_are_not_ready(rollcall):
    rollcall.hear_worker(WorkerReport(slot="b", state="starting", detail="starting qwen"))

    lacking = rollcall.census().lacking([MATHS.key, LAW.key])

    assert lacking == (f"no slot hosts {LAW.key} yet", "slot 'b': starting qwen")
    assert rollcall.census().lacking([MATHS.key]) == ()

"""Which slots have a worker while edits of `slots` come and go."""

from dataclasses import replace

import pytest

from orchestrator.service.attendance import START_S
from orchestrator.service.gateways import PATIENCE_S
from orchestrator.service.plan import Plan
from orchestrator.service.reports import WorkerReport
from orchestrator.service.rollcall import Rollcall
from tests.unit.service.calling import FRENCH, MATHS, Clock, gateway, lineage, plan, worker

LLAMA = lineage("llama", MATHS, FRENCH)
#: Longer than a worker that nobody wants is waited for, seconds.
LONG_S = 11.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rollcall(clock) -> Rollcall:
    """Slot `a` holds both experts, and every gateway serves generation 1."""
    made = Rollcall(clock=clock)
    made.hear_gateway(gateway())
    made.settle(plan(1, a=[LLAMA]))
    made.hear_worker(worker(made, "a", MATHS, FRENCH, llama="up"))
    return made


def moved(rollcall: Rollcall) -> Plan:
    """Generation 2, which has slot `b` in place of `a`."""
    return plan(2, leaving=rollcall.shares, b=[LLAMA])


def silent(slot: str) -> WorkerReport:
    return WorkerReport(slot=slot, state="silent", detail="gone")


def test_a_slot_that_leaves_holds_what_it_held_until_the_flip(rollcall):
    before = rollcall.assignment("a")

    rollcall.propose(moved(rollcall))

    assert rollcall.staff == {"a", "b"}
    assert rollcall.assignment("a") == before
    assert rollcall.table().slots(MATHS.key) == ("a",)


def test_a_new_worker_is_waited_for_longer_than_one_that_is_gone(rollcall, clock):
    rollcall.propose(moved(rollcall))
    clock.now_s += PATIENCE_S + 1
    rollcall.hear_worker(silent("b"))
    assert rollcall.obstacles(2).waiting["slot b"] == "gone"

    clock.now_s += START_S

    assert rollcall.obstacles(2).failed["slot b"].startswith("its worker was not up within 120 s")


def test_nothing_leaves_a_slot_for_one_whose_worker_is_gone(rollcall, clock):
    rollcall.propose(moved(rollcall))
    rollcall.hear_worker(worker(rollcall, "b", llama="starting"))
    clock.now_s += PATIENCE_S + 1
    rollcall.hear_worker(silent("b"))

    assert rollcall.obstacles(2).waiting["lineage llama"] == "no worker of ['b'] answers"


def test_a_removed_slot_has_a_worker_until_its_engines_have_ended(rollcall):
    rollcall.hear_worker(worker(rollcall, "b", MATHS, FRENCH, llama="up"))
    rollcall.settle(plan(2, b=[LLAMA]))
    assert rollcall.assignment("a").lineages == ()
    assert rollcall.table().slots(MATHS.key) == ("b",)

    rollcall.hear_worker(worker(rollcall, "a", llama="draining"))
    assert rollcall.staff == {"a", "b"}
    rollcall.hear_worker(worker(rollcall, "a"))

    assert rollcall.staff == {"b"}


def test_a_removed_slot_that_has_not_been_told_is_not_taken_for_empty(rollcall):
    rollcall.settle(plan(2, b=[LLAMA]))

    rollcall.hear_worker(replace(worker(rollcall, "a"), stamp="of before"))

    assert rollcall.staff == {"a", "b"}


def test_a_removed_slot_holds_what_only_it_has_for_requests_that_are_pinned(rollcall):
    french = lineage("llama", FRENCH)
    rollcall.settle(plan(2, b=[french]))
    assert rollcall.assignment("a").keys == {MATHS.key}
    rollcall.hear_worker(worker(rollcall, "a", MATHS, llama="up"))

    rollcall.hear_gateway(gateway(live=2, oldest=2))
    assert rollcall.assignment("a").keys == frozenset()
    rollcall.hear_worker(worker(rollcall, "a"))

    assert rollcall.staff == {"b"}


def test_a_worker_that_only_a_withdrawn_proposal_wanted_ends(rollcall):
    rollcall.propose(plan(2, a=[LLAMA], b=[lineage("qwen", FRENCH)]))
    rollcall.hear_worker(worker(rollcall, "b", qwen="starting"))
    rollcall.withdraw()
    assert rollcall.staff == {"a", "b"}

    rollcall.hear_worker(worker(rollcall, "b"))

    assert rollcall.staff == {"a"}


def test_one_that_never_came_up_ends_with_its_proposal(rollcall):
    rollcall.propose(plan(2, a=[LLAMA], b=[lineage("qwen", FRENCH)]))

    rollcall.withdraw()

    assert rollcall.staff == {"a"}


def test_a_removed_slot_whose_worker_is_gone_is_not_kept_for_long(rollcall, clock):
    rollcall.settle(plan(2, b=[LLAMA]))
    rollcall.hear_worker(silent("a"))
    assert "a" in rollcall.staff

    clock.now_s += LONG_S

    assert rollcall.staff == {"b"}


def test_before_it_is_known_what_is_live_no_worker_ends(clock):
    fresh = Rollcall(clock=clock)

    fresh.hear_worker(worker(fresh, "a"))

    assert fresh.staff == {"a"}


def test_a_worker_that_ended_is_not_of_the_census(rollcall):
    rollcall.settle(plan(2, b=[LLAMA]))

    rollcall.dismiss("a")

    assert [one.slot for one in rollcall.census().workers] == ["b"]


def test_a_slot_that_is_wanted_again_while_its_worker_is_ended_gets_another(rollcall):
    rollcall.settle(plan(2, b=[LLAMA]))
    rollcall.propose(plan(3, a=[LLAMA], b=[LLAMA]))

    rollcall.dismiss("a")

    assert rollcall.staff == {"a", "b"}
    assert rollcall.obstacles(3).waiting["slot a"] == "its process is starting"
    assert not rollcall.is_told("a")

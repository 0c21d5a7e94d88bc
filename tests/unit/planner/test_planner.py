from __future__ import annotations

import pytest
from hypothesis import given, settings

from orchestrator.errors import DispatchError
from orchestrator.planner.arrival import arrival_order
from orchestrator.planner.plan import Plan
from orchestrator.planner.planner import planned
from orchestrator.planner.slots import ExpertCost, PlannedSlot
from orchestrator.planner.workload import PlannedCall, Workload, WorkloadBuilder
from tests.unit.planner.instances import Instance, costs, instances, slot, workload
from tests.unit.planner.laws import faults

NEARLY = 1 + 1e-6
#: Laws hold however long is searched.
TRIES = 200


@settings(max_examples=40, deadline=None)
@given(instances())
def test_a_plan_breaks_no_law(instance: Instance):
    assert faults(planned(*instance, num_tries=TRIES), *instance) == []


@settings(max_examples=40, deadline=None)
@given(instances())
def test_a_plan_in_order_of_arrival_breaks_no_law(instance: Instance):
    assert faults(arrival_order(*instance), *instance) == []


@settings(max_examples=30, deadline=None)
@given(instances())
def test_a_plan_is_never_worse_than_the_order_of_arrival(instance: Instance):
    plan, arrived = planned(*instance, num_tries=TRIES), arrival_order(*instance)

    assert plan.num_late <= arrived.num_late or _honours_priority(instance)
    if plan.num_late == arrived.num_late == 0:
        assert plan.makespan_s <= arrived.makespan_s * NEARLY


def _honours_priority(instance: Instance) -> bool:
    """Fewer late of a high priority may be paid by more late of a low one."""
    return len(set(instance[0].priority.tolist())) > 1


@settings(max_examples=30, deadline=None)
@given(instances())
def test_no_plan_is_faster_than_the_bound(instance: Instance):
    for plan in (planned(*instance, num_tries=TRIES), arrival_order(*instance)):
        assert plan.makespan_s >= plan.lower_bound_s


@settings(max_examples=10, deadline=None)
@given(instances())
def test_equal_workloads_have_equal_plans(instance: Instance):
    assert _told(planned(*instance, num_tries=TRIES)) == _told(planned(*instance, num_tries=TRIES))


def _told(plan: Plan) -> list[object]:
    return [
        (run.slot, run.expert, run.begins_s, run.ends_s, run.calls.tolist()) for run in plan.runs
    ]


def test_each_expert_is_loaded_once_where_one_slot_does_it_all():
    asked = workload(*([(0, name, 3)] for name in "abcabcabc"))

    plan = planned(asked, [slot("only", "b")], costs("a", "b", "c"))

    assert plan.runs[0].expert == "b"
    assert (plan.num_swaps, plan.swap_s) == (2, 10.0)
    assert plan.makespan_s == 9 * 3 + 2 * 5


def test_an_expert_is_split_over_slots_when_that_pays():
    asked = workload(*([(0, "a", 10)] for _ in range(10)))

    plan = planned(asked, [slot("one", "a"), slot("two", "b")], costs("a", "b"))

    # 100 s of work: 50 s on each and a swap of 5 s on one, in whole calls of 10 s.
    assert plan.makespan_s == 55
    assert sorted(len(run.calls) for run in plan.runs) == [5, 5]


def test_an_expert_is_not_split_when_its_swap_costs_more_than_it_saves():
    asked = workload([(0, "a", 2)], [(0, "a", 2)])

    plan = planned(asked, [slot("one", "a"), slot("two", "b")], costs("a", "b"))

    assert (plan.makespan_s, plan.num_swaps) == (4, 0)


def test_an_aggregator_goes_on_beside_what_already_needs_it():
    asked = workload(*([(0, "a", 10), (1, "judge", 9)] for _ in range(6)))
    one = PlannedSlot(name="one", experts=frozenset({"a"}), residents=("a",), serving=("siblings",))
    two = PlannedSlot(name="two", experts=frozenset({"judge"}), residents=("judge",))

    plan = planned(asked, [one, two], costs("a", "judge"))

    # One after the other would take 60 + 54 s; the last answer is needed at 60 s.
    assert plan.makespan_s == 60 + 9


def test_what_serves_unasked_holds_memory_until_it_makes_room():
    told = {
        "a": ExpertCost(lineage="mine", memory_gib=10, start_s=30, output_token_s=1),
        "other": ExpertCost(lineage="theirs", memory_gib=10, start_s=30),
    }
    full = PlannedSlot(name="only", memory_gib=15, serving=("theirs",))

    plan = planned(workload([(0, "a", 1)]), [full], told)

    assert [run.evicts for run in plan.runs] == [("theirs",)]


def test_what_is_due_soon_comes_first():
    builder = WorkloadBuilder()
    late, soon = workload([(0, "a", 50)]), workload([(0, "b", 5)])
    for asked, deadline_s in ((late, 1000.0), (soon, 11.0)):
        builder.add(_calls(asked), deadline_s=deadline_s)

    plan = planned(builder.workload(), [slot("only", "a")], costs("a", "b"))

    assert plan.num_late == 0
    assert [run.expert for run in plan.runs] == ["b", "a"]


def _calls(asked: Workload) -> list[PlannedCall]:
    return [
        PlannedCall(
            stage=0, expert=asked.experts[0], prompt_tokens=0, output_tokens=asked.output_tokens[0]
        )
    ]


def test_the_request_of_the_higher_priority_is_in_time_where_only_one_can_be():
    builder = WorkloadBuilder()
    builder.add(_calls(workload([(0, "a", 10)])), deadline_s=10, priority=0)
    builder.add(_calls(workload([(0, "b", 5)])), deadline_s=10, priority=1)

    plan = planned(builder.workload(), [slot("only", "a")], costs("a", "b"))

    assert [run.expert for run in plan.runs] == ["b", "a"]
    assert plan.num_late == 1


def test_nothing_to_do_is_an_empty_plan():
    plan = planned(WorkloadBuilder().workload(), [slot("only")], {})

    assert (plan.runs, plan.makespan_s, plan.lower_bound_s, plan.gap) == ((), 0.0, 0.0, 0.0)


def test_an_expert_that_no_slot_may_be_asked_for_is_named():
    other = PlannedSlot(name="one", experts=frozenset({"b"}))

    with pytest.raises(DispatchError, match=r"no slot can work on expert 'a'; slots: \['one'\]"):
        planned(workload([(0, "a", 1)]), [other], costs("a", "b"))


def test_an_expert_that_fits_no_slot_is_named_with_its_size():
    small = PlannedSlot(name="one", memory_gib=4)

    with pytest.raises(DispatchError, match=r"expert 'a'.*8 GiB"):
        planned(workload([(0, "a", 1)]), [small], costs("a", memory_gib=8))


def test_an_expert_without_costs_is_named():
    with pytest.raises(DispatchError, match=r"no costs are known of experts \['b'\]"):
        planned(workload([(0, "b", 1)]), [slot("one")], costs("a"))


def test_no_slots_at_all_is_an_error_that_says_so():
    with pytest.raises(DispatchError, match="no slot can work on expert 'a'"):
        planned(workload([(0, "a", 1)]), [], costs("a"))

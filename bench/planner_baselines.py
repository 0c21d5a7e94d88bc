"""What others do with a file of requests for many experts: arms that only the bench needs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from orchestrator.planner.holding import Holding
from orchestrator.planner.plan import Plan
from orchestrator.planner.problem import Problem, problem_of
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.timing import Part, timed
from orchestrator.planner.workload import Workload


def waves(
    workload: Workload,
    slots: Sequence[PlannedSlot],
    costs: ExpertCosts,
    *,
    size: int,
    residents_first: bool = False,
) -> Plan:
    """So many requests at a time, each wave grouped by expert; one stage."""
    problem = problem_of(workload, slots, costs)
    parts: list[Part] = []
    holds = [""] * len(slots)
    for begin in range(0, workload.num_requests, size):
        inside = (workload.request >= begin) & (workload.request < begin + size)
        left = {
            int(expert): np.flatnonzero(inside & (workload.expert == expert))
            for expert in np.unique(workload.expert[inside])
        }
        first = [(slot, workload.experts.index(name)) for slot, name in enumerate(holds) if name]
        for slot, expert in first if residents_first else ():
            if expert in left:
                parts.append(_part(slot, expert, left.pop(expert)))
        for number, (expert, calls) in enumerate(left.items()):
            slot = number % len(slots)
            # A wave that does not look where experts are finds none of them in place.
            parts.append(_part(slot, expert, calls))
            holds[slot] = workload.experts[expert]
    return timed(problem, parts).plan(0.0)


def collated(workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts) -> Plan:
    """llama-swap's queue: a slot goes on with its expert while any call for it waits.

    All calls of the file wait from the beginning, so ABCABC becomes AABBCC. One stage.
    """
    problem = problem_of(workload, slots, costs)
    first: OrderedDict[int, None] = OrderedDict.fromkeys(workload.expert.tolist())
    parts, free_s = [], [slot.free_s for slot in slots]
    holding = [Holding(problem, slot) for slot in range(len(slots))]
    for expert in first:
        slot = min(range(len(slots)), key=lambda one: (not holding[one].holds(expert), free_s[one]))
        calls = np.flatnonzero(workload.expert == expert)
        free_s[slot] += holding[slot].take(expert, lambda _: 0.0).step_s + _work_s(problem, calls)
        parts.append(_part(slot, expert, calls))
    return timed(problem, parts).plan(0.0)


def _part(slot: int, expert: int, calls: np.ndarray) -> Part:
    return Part(slot=slot, expert=expert, stage=0, calls=calls)


def _work_s(problem: Problem, calls: np.ndarray) -> float:
    return float(problem.work_s[calls].sum())

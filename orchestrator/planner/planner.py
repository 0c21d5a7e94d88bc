"""Makes plans: which calls run on which slot, in which order.

Fewest requests after their deadlines, the highest priority first; then the shortest makespan; then
the least time in steps. Nothing is random but what a fixed seed makes so: equal input, equal plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.planner.arrival import MAX_CALLS, arrival_parts
from orchestrator.planner.bounds import lower_bound_s
from orchestrator.planner.greedy import Rule, constructed
from orchestrator.planner.jobs import jobs_of
from orchestrator.planner.plan import Plan
from orchestrator.planner.problem import Problem, problem_of
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.timing import Part, timed
from orchestrator.planner.workload import Workload

#: Of larger workloads one rule is tried, of smaller all.
_ALL_RULES_CALLS = 200_000
_RULES = tuple(
    Rule(ready_share=share, splits=splits, cheap_first=cheap, early_first=early)
    for share in (1.0, 0.5, 0.0)
    for splits in (True, False)
    for cheap in (True, False)
    for early in (True, False)
)


def planned(workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts) -> Plan:
    """Plan a workload.

    Raises:
        DispatchError: an expert has no cost, or no slot may be asked for it or has its memory.
    """
    problem = problem_of(workload, slots, costs)
    best = min((timed(problem, parts) for parts in _tries(problem)), key=lambda one: one.worth)
    return best.plan(lower_bound_s(problem))


def _tries(problem: Problem) -> Iterator[list[Part]]:
    is_small = problem.workload.num_calls <= _ALL_RULES_CALLS
    for by_deadline in (False, True) if problem.has_deadlines else (False,):
        jobs = jobs_of(problem, by_deadline=by_deadline)
        for rule in _RULES if is_small else _RULES[:1]:
            yield constructed(jobs, rule)
    if problem.workload.num_calls <= MAX_CALLS:
        yield arrival_parts(problem)

"""Makes plans: which calls run on which slot, in which order.

Fewest requests after their deadlines, the highest priority first; then the shortest makespan; then
the least time in steps. Nothing is random but what a fixed seed makes so: equal input, equal plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from orchestrator.planner.arrangement import Arrangements, Order
from orchestrator.planner.arrival import MAX_CALLS, arrival_parts
from orchestrator.planner.bounds import least_steps_s, lower_bound_s
from orchestrator.planner.greedy import Rule, constructed
from orchestrator.planner.jobs import jobs_of
from orchestrator.planner.lumps import Lumps, lumps_of
from orchestrator.planner.plan import Plan
from orchestrator.planner.problem import Problem, problem_of
from orchestrator.planner.search import Search
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.timing import Part, Timed, timed
from orchestrator.planner.workload import Workload

#: Up to so many calls all rules are tried, up to so many some, of more the first.
_ALL_RULES_CALLS, _SOME_RULES_CALLS = 3_000, 500_000
#: Plans of so many runs are bettered by search: from so many starts, by so many changes together;
#: by fewer where there are more lumps to change than so many.
MAX_SEARCHED = 64
_NUM_STARTS = 6
NUM_TRIES = 60_000
_AT_LUMPS = 16
_RULES = tuple(
    Rule(ready_share=share, splits=splits, cheap_first=cheap, early_first=early, most_step=most)
    for most in (inf, 1.0)
    for splits in (True, False)
    for cheap in (True, False)
    for early in (True, False)
    for share in (1.0, 0.5, 0.0)
)
_SOME_RULES = (Rule(), Rule(ready_share=0.5, early_first=False))


def planned(
    workload: Workload,
    slots: Sequence[PlannedSlot],
    costs: ExpertCosts,
    *,
    num_tries: int = NUM_TRIES,
) -> Plan:
    """Plan a workload.

    Args:
        workload: what is to be done.
        slots: where, and what they hold now.
        costs: of every expert of the workload.
        num_tries: changes that a search tries on small plans, a second for the default; at 0
            there is no search.

    Raises:
        DispatchError: an expert has no cost, or no slot may be asked for it or has its memory.
    """
    problem = problem_of(workload, slots, costs)
    bound_s = lower_bound_s(problem)
    found = sorted(
        ((timed(problem, parts), parts) for parts in _tries(problem)), key=lambda one: one[0].worth
    )
    best = found[0][0]
    if num_tries and workload.num_calls and len(best.runs) <= MAX_SEARCHED:
        starts = [parts for _, parts in found[:_NUM_STARTS]]
        best = min(best, _searched(problem, starts, bound_s, num_tries), key=lambda one: one.worth)
    return best.plan(bound_s)


def _searched(
    problem: Problem, starts: Sequence[list[Part]], bound_s: float, num_tries: int
) -> Timed:
    """The best plan that a search finds from several starts on."""
    found = []
    for number, parts in enumerate(starts):
        lumps = lumps_of(problem, parts, max_lumps=MAX_SEARCHED)
        judge = Arrangements(lumps)
        search = Search(judge, bound_s=bound_s, steps_s=least_steps_s(problem), seed=number)
        share = num_tries // len(starts) * _AT_LUMPS // max(len(lumps.calls), _AT_LUMPS)
        worth, orders = search.better(_orders(lumps, parts), share)
        found.append((worth, judge.parts(orders)))
    return timed(problem, min(found, key=lambda one: one[0])[1])


def _orders(lumps: Lumps, parts: Sequence[Part]) -> list[Order]:
    """Parts as an arrangement of lumps."""
    lump_by_call = {int(call): lump for lump, calls in enumerate(lumps.calls) for call in calls}
    orders: list[Order] = [[] for _ in lumps.problem.slots]
    for part in parts:
        orders[part.slot].append(tuple(sorted({lump_by_call[int(one)] for one in part.calls})))
    return orders


def _tries(problem: Problem) -> Iterator[list[Part]]:
    num_calls = problem.workload.num_calls
    rules = _RULES if num_calls <= _ALL_RULES_CALLS else _SOME_RULES
    rules = rules if num_calls <= _SOME_RULES_CALLS else rules[:1]
    for by_deadline in (False, True) if problem.has_deadlines else (False,):
        jobs = jobs_of(problem, by_deadline=by_deadline)
        for rule in rules:
            yield constructed(jobs, rule)
    if num_calls <= MAX_CALLS:
        yield arrival_parts(problem)

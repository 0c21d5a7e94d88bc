"""Parts of work in order on slots, put to times: runs with their steps, and a plan of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from orchestrator.planner.holding import Holding, NextUse
from orchestrator.planner.plan import Plan, Run
from orchestrator.planner.problem import Places, Problem, Seconds

#: A request that ends this much after its deadline is in time: what sums of floats are off by.
LATE_AFTER_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Calls of one expert and one stage that a slot is to do in one run."""

    slot: int
    expert: int
    stage: int
    calls: Places


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timed:
    """Parts with their times, and how they compare to others."""

    runs: tuple[Run, ...]
    makespan_s: float
    #: Requests that are late, those of the highest priority first.
    num_late: tuple[int, ...]

    @property
    def worth(self) -> tuple[tuple[int, ...], float, float, int]:
        """Less is better: fewer late, then sooner done, then less spent on steps, fewer runs."""
        step_s = sum(run.step_s for run in self.runs)
        return self.num_late, round(self.makespan_s, 6), round(step_s, 6), len(self.runs)

    def plan(self, bound_s: float) -> Plan:
        """The plan of these runs, beside what no plan can be faster than."""
        return Plan(
            runs=self.runs,
            makespan_s=self.makespan_s,
            lower_bound_s=bound_s,
            num_late=sum(self.num_late),
        )


def timed(problem: Problem, parts: Sequence[Part]) -> Timed:
    """Put parts to times.

    Args:
        problem: what is planned.
        parts: every call once; those of a slot in its order, and each after all it builds on.
    """
    clock = _Clock(problem, parts)
    runs = tuple(clock.run(part) for part in parts)
    return Timed(
        runs=runs,
        makespan_s=max((run.ends_s for run in runs), default=0.0),
        num_late=_late(problem, clock.done_s),
    )


def _late(problem: Problem, done_s: Seconds) -> tuple[int, ...]:
    if not problem.has_deadlines:
        return ()
    workload = problem.workload
    late = done_s.max(axis=0, initial=0.0) > workload.deadline_s + LATE_AFTER_S
    levels = np.unique(workload.priority)[::-1]
    return tuple(int(late[workload.priority == level].sum()) for level in levels)


class _Clock:
    """Goes through parts and keeps when slots are free and requests have ended their stages."""

    def __init__(self, problem: Problem, parts: Sequence[Part]) -> None:
        self._problem = problem
        self._free_s = [slot.free_s for slot in problem.slots]
        self._holding = [Holding(problem, slot) for slot in range(len(problem.slots))]
        self._uses = [Uses() for _ in problem.slots]
        for part in parts:
            self._uses[part.slot].add(int(problem.terms.lineage[part.expert]))
        #: [n_stages, n_requests]
        self.done_s: Seconds = np.zeros((problem.num_stages, problem.workload.num_requests))

    def run(self, part: Part) -> Run:
        """Do the next part of its slot."""
        problem, slot = self._problem, part.slot
        request = problem.workload.request[part.calls]
        begins_s = self._free_s[slot]
        if part.stage:
            begins_s = max(begins_s, float(self.done_s[: part.stage, request].max()))
        taken = self._holding[slot].take(part.expert, self._uses[slot].after_this())
        work_s = float(problem.work_s[part.calls].sum(dtype=np.float64))
        tail_s = float(problem.terms.tail_s[part.expert])
        ends_s = begins_s + taken.step_s + work_s / problem.slots[slot].speed + tail_s
        self._free_s[slot] = ends_s
        done_s = self.done_s[part.stage]
        done_s[request] = np.maximum(done_s[request], ends_s)
        return Run(
            slot=problem.slots[slot].name,
            expert=problem.terms.experts[part.expert],
            stage=part.stage,
            calls=part.calls,
            begins_s=begins_s,
            step=taken.step,
            step_s=taken.step_s,
            ends_s=ends_s,
            num_tokens=_tokens(problem, part.calls),
            evicts=tuple(problem.terms.lineages[one] for one in taken.evicts),
        )


class Uses:
    """Which lineages a slot uses in which of its runs, and how far it has come."""

    __slots__ = ("_places_by_lineage", "_this", "_total")

    def __init__(self) -> None:
        self._places_by_lineage: dict[int, list[int]] = defaultdict(list)
        self._total, self._this = 0, -1

    def add(self, lineage: int) -> None:
        """Append a run."""
        self._places_by_lineage[lineage].append(self._total)
        self._total += 1

    def after_this(self) -> NextUse:
        """The place of the run that uses a lineage next, after the one that now begins."""
        self._this += 1
        this = self._this

        def next_use(lineage: int) -> float:
            places = self._places_by_lineage.get(lineage, [])
            at = bisect_right(places, this)
            return places[at] if at < len(places) else inf

        return next_use


def _tokens(problem: Problem, calls: Places) -> float:
    columns = (problem.workload.prompt_tokens, problem.workload.output_tokens)
    return float(sum(column[calls].sum(dtype=np.float64) for column in columns))

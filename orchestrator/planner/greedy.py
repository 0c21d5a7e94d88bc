"""Builds a plan in order of time: a slot that falls free takes what suits it best.

What suits: what is complete (all its calls may begin, so that its expert need not come back),
then what the slot holds, then what takes the cheapest kind of step, then the most work. Work is cut
where all slots would end level, so that no slot is left with the last long run while others idle:
the rule of McNaughton for machines without steps (1959), which costs one step a slot at most.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from math import inf

import numpy as np

from orchestrator.planner.holding import Holding
from orchestrator.planner.jobs import Jobs, Readiness
from orchestrator.planner.problem import Flags, Places, Seconds
from orchestrator.planner.timing import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a slot that falls free may take."""

    #: The share of a job that must be ready before a slot steps to it while others work on.
    ready_share: float = 1.0
    #: Cut work where slots would end level.
    splits: bool = True
    #: Take what is cheap to step to before what is much.
    cheap_first: bool = True
    #: Stages in turn where both may begin; otherwise the later goes first.
    early_first: bool = True
    #: The longest step, as a multiple of the work it is for, that a slot takes unless all idle.
    most_step: float = inf


def constructed(jobs: Jobs, rule: Rule) -> list[Part]:
    """Parts of all calls, in the order they begin."""
    return _Construction(jobs, rule).parts()


class _Construction:
    def __init__(self, jobs: Jobs, rule: Rule) -> None:
        problem = jobs.problem
        self._jobs, self._rule, self._problem = jobs, rule, problem
        self._readiness = Readiness(problem)
        self._left = [jobs.calls(job) for job in range(len(jobs))]
        self._left_s: Seconds = jobs.work_s.copy()
        self._num_left = np.diff(jobs.offset)
        self._ready_s: Seconds = np.zeros(len(jobs))
        self._num_ready = np.zeros(len(jobs), dtype=np.int64)
        #: How often calls could begin since the start, and at which of these a slot found nothing.
        self._openings = 0
        self._refused: dict[int, int] = {}
        self._open(self._readiness.first)
        self._free_s = problem.free_s.copy()
        self._holding = [Holding(problem, slot) for slot in range(len(problem.slots))]
        self._step_s = [self._steps_s(slot) for slot in range(len(problem.slots))]
        self._last_use = [dict[int, int]() for _ in problem.slots]
        self._ends: list[tuple[float, int]] = [
            (slot.free_s, number) for number, slot in enumerate(problem.slots)
        ]
        heapq.heapify(self._ends)
        self._doing: dict[int, Part] = {}
        self._parts: list[Part] = []

    def parts(self) -> list[Part]:
        """Go from end to end of runs until nothing is left."""
        idle: set[int] = set()
        while self._num_left.any():
            now_s = self._ends[0][0] if self._ends else float(self._free_s.max())
            while self._ends and self._ends[0][0] <= now_s:
                _, slot = heapq.heappop(self._ends)
                idle.add(slot)
                part = self._doing.pop(slot, None)
                if part is not None:
                    self._open(self._readiness.end(part.calls))
            self._hand_out(idle, now_s)
        return self._parts

    def _hand_out(self, idle: set[int], now_s: float) -> None:
        """Give work to slots that have none, those first that hold what there is."""
        self._free_s[list(idle)] = now_s
        asked = [slot for slot in idle if self._refused.get(slot) != self._openings]
        for slot in sorted(asked, key=lambda slot: (not self._holds_ready(slot), slot)):
            job = self._choice(slot)
            if job is not None and self._begin(slot, job, now_s, is_alone=False):
                idle.discard(slot)
            else:
                self._refused[slot] = self._openings
        if not self._doing and not self._ends and self._num_left.any():
            self._force(idle, now_s)

    def _force(self, idle: set[int], now_s: float) -> None:
        """Nothing goes on and nobody found work worth a step: the cheapest there is."""
        for slot in sorted(idle, key=lambda slot: (-self._problem.slots[slot].speed, slot)):
            ready = np.flatnonzero((self._num_ready > 0) & self._may(slot))
            if len(ready):
                job = int(ready[np.argmin(self._step_s[slot][self._jobs.expert[ready]])])
                self._begin(slot, job, now_s, is_alone=True)
                idle.discard(slot)
                return

    def _open(self, calls: Places) -> None:
        if not len(calls):
            return
        self._openings += 1
        job, size = self._jobs.job[calls], len(self._jobs)
        self._ready_s += np.bincount(job, weights=self._problem.work_s[calls], minlength=size)
        self._num_ready += np.bincount(job, minlength=size)

    def _may(self, slot: int) -> Flags:
        return np.asarray(self._problem.may[slot][self._jobs.expert])

    def _holds_ready(self, slot: int) -> bool:
        held = self._step_s[slot][self._jobs.expert] == 0.0
        return bool((held & (self._num_ready > 0)).any())

    def _steps_s(self, slot: int) -> Seconds:
        return self._holding[slot].steps_s()

    def _choice(self, slot: int) -> int | None:
        """The job that suits a slot best, of those that may begin."""
        jobs, rule = self._jobs, self._rule
        found = np.flatnonzero((self._num_ready > 0) & self._may(slot))
        if not len(found):
            return None
        complete = self._num_ready[found] == self._num_left[found]
        step_s = self._step_s[slot][jobs.expert[found]]
        enough = complete | (step_s == 0.0)
        enough |= self._ready_s[found] >= rule.ready_share * self._left_s[found]
        if rule.most_step < inf:
            enough &= step_s <= rule.most_step * self._ready_s[found]
        found, complete, step_s = found[enough], complete[enough], step_s[enough]
        if not len(found):
            return None
        stage = jobs.stage[found] if rule.early_first else -jobs.stage[found]
        kind = np.round(np.log2(step_s + 1e-3)) if rule.cheap_first else step_s > 0.0
        keys = (-self._ready_s[found], kind, stage, step_s > 0.0, ~complete, jobs.urgency[found])
        return int(found[np.lexsort(keys)[0]])

    def _begin(self, slot: int, job: int, now_s: float, *, is_alone: bool) -> bool:
        """Have a slot take a job, or as much of it as keeps slots level; whether it did."""
        problem, expert = self._problem, int(self._jobs.expert[job])
        step_s, speed = float(self._step_s[slot][expert]), problem.slots[slot].speed
        tail_s = float(problem.terms.tail_s[expert])
        room_s = np.inf
        if self._rule.splits and not is_alone:
            room_s = (self._level_s(slot, job) - now_s - step_s - tail_s) * speed
            if room_s <= 0 and self._doing:
                return False
        calls = self._cut(job, room_s, least_s=(step_s + tail_s) * speed)
        self._take(slot, expert)
        work_s = float(problem.work_s[calls].sum(dtype=np.float64))
        self._free_s[slot] = now_s + step_s + work_s / speed + tail_s
        part = Part(slot=slot, expert=expert, stage=int(self._jobs.stage[job]), calls=calls)
        self._doing[slot] = part
        self._parts.append(part)
        heapq.heappush(self._ends, (float(self._free_s[slot]), slot))
        return True

    def _level_s(self, slot: int, job: int) -> float:
        """When all slots that may do the job would end if they shared all that is ready."""
        problem, expert = self._problem, self._jobs.expert
        slots = problem.may[:, expert[job]]
        ours = (self._num_ready > 0) & self._may(slot)
        tail_s = problem.terms.tail_s[expert[ours]].sum()
        step_s = problem.terms.least_s[expert[ours]].sum()
        speed = problem.speed[slots]
        load_s = self._ready_s[ours].sum() + (tail_s + step_s) * speed.mean()
        return float((load_s + (self._free_s[slots] * speed).sum()) / speed.sum())

    def _cut(self, job: int, room_s: float, *, least_s: float) -> Places:
        """Take calls of a job that may begin, `room_s` of work or all."""
        left = self._left[job]
        ready = self._readiness.is_ready[left]
        calls = left[ready]
        if self._ready_s[job] > room_s + least_s:
            upto = np.cumsum(self._problem.work_s[calls], dtype=np.float64)
            calls = calls[: max(int(np.searchsorted(upto, room_s, side="right")), 1)]
            ready[np.flatnonzero(ready)[len(calls) :]] = False
        self._left[job] = left[~ready]
        self._num_left[job] -= len(calls)
        self._num_ready[job] -= len(calls)
        work_s = float(self._problem.work_s[calls].sum(dtype=np.float64))
        self._left_s[job] -= work_s
        self._ready_s[job] = self._ready_s[job] - work_s if self._num_ready[job] else 0.0
        return calls

    def _take(self, slot: int, expert: int) -> None:
        lineage, last_use = int(self._problem.terms.lineage[expert]), self._last_use[slot]
        taken = self._holding[slot].take(expert, lambda one: -last_use.get(one, -1))
        last_use[lineage] = len(self._parts)
        if taken.step is not None:
            self._step_s[slot] = self._steps_s(slot)

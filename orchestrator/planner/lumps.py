"""Calls in lumps that a search never parts: single calls of small workloads, more of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.planner.problem import Flags, Places, Problem
from orchestrator.planner.timing import Part
from orchestrator.planner.workload import Ints

#: Lumps of one run, ascending.
Bundle = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Requests that are due at one time and made of the same lumps."""

    deadline_s: float
    #: 0 is the highest priority.
    level: int
    num_requests: int
    lumps: Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Lumps:
    """All calls of a problem, each in one lump of its expert and stage."""

    problem: Problem
    calls: list[Places]
    expert: list[int]
    stage: list[int]
    #: On a slot of speed 1, without step and tail.
    work_s: list[float]
    #: Of each lump: those with calls that its own build on.
    before: list[Bundle]
    due: list[Due]
    num_levels: int


def lumps_of(problem: Problem, parts: Sequence[Part], *, max_lumps: int) -> Lumps:
    """Single calls where they are few enough, else equal shares of `parts`."""
    if problem.workload.num_calls <= max_lumps:
        calls = [np.array([call]) for call in range(problem.workload.num_calls)]
    else:
        shares = max(max_lumps // len(parts), 1)
        calls = [some for part in parts for some in _shared(problem, part.calls, shares)]
    lump = np.empty(problem.workload.num_calls, dtype=np.int64)
    for number, some in enumerate(calls):
        lump[some] = number
    work_s = np.bincount(lump, problem.work_s, len(calls))
    first = [int(some[0]) for some in calls]
    levels = np.unique(problem.workload.priority)[::-1]
    return Lumps(
        problem=problem,
        calls=calls,
        expert=problem.workload.expert[first].tolist(),
        stage=problem.workload.stage[first].tolist(),
        work_s=work_s.tolist(),
        before=_before(problem, lump, len(calls)),
        due=_due(problem, lump, levels),
        num_levels=len(levels) if problem.has_deadlines else 0,
    )


def _shared(problem: Problem, calls: Places, shares: int) -> list[Places]:
    """Calls in so many lumps of about equal work, none of them empty."""
    upto = np.cumsum(problem.work_s[calls], dtype=np.float64)
    cuts = np.searchsorted(upto, upto[-1] * np.arange(1, shares) / shares)
    return [some for some in np.split(calls, np.unique(cuts)) if len(some)]


def _before(problem: Problem, lump: Places, num_lumps: int) -> list[Bundle]:
    """What each lump builds on: the lumps of its requests' stages before."""
    workload = problem.workload
    needs: Flags = np.zeros((num_lumps, num_lumps), dtype=bool)
    for stage in range(1, problem.num_stages):
        later = workload.stage == stage
        for before in range(stage):
            earlier = workload.stage == before
            pairs = _pairs(workload.request, earlier, later)
            needs[lump[pairs[1]], lump[pairs[0]]] = True
    return [tuple(np.flatnonzero(row).tolist()) for row in needs]


def _pairs(request: Ints, earlier: Flags, later: Flags) -> tuple[Places, Places]:
    """Every two calls of one request, the first of `earlier` and the second of `later`."""
    first, second = np.flatnonzero(earlier), np.flatnonzero(later)
    begins = np.searchsorted(request[first], request[second], side="left")
    counts = np.searchsorted(request[first], request[second], side="right") - begins
    shifts = np.repeat(begins - (np.cumsum(counts) - counts), counts)
    return first[shifts + np.arange(len(shifts))], np.repeat(second, counts)


def _due(problem: Problem, lump: Places, levels: Ints) -> list[Due]:
    workload = problem.workload
    waited = np.isfinite(workload.deadline_s)
    if not waited.any():
        return []
    lumps: dict[int, set[int]] = {}
    for call in np.flatnonzero(waited[workload.request]).tolist():
        lumps.setdefault(int(workload.request[call]), set()).add(int(lump[call]))
    counts: dict[tuple[float, int, Bundle], int] = {}
    for request, own in lumps.items():
        level = int(np.flatnonzero(levels == workload.priority[request])[0])
        key = float(workload.deadline_s[request]), level, tuple(sorted(own))
        counts[key] = counts.get(key, 0) + 1
    return [
        Due(deadline_s=deadline_s, level=level, num_requests=count, lumps=own)
        for (deadline_s, level, own), count in counts.items()
    ]

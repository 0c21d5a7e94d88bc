"""The calls of a workload by what they have in common, and which of them may begin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from orchestrator.planner.problem import Flags, Places, Problem, Seconds

#: Deadlines are told apart by so many classes at most.
MAX_CLASSES = 6
#: So are priorities of one deadline.
MAX_LEVELS = 3


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Calls of one expert, one stage and one class of urgency each; class 0 is the most urgent."""

    problem: Problem
    expert: Places
    stage: Places
    urgency: Places
    #: Of each call.
    job: npt.NDArray[np.int32]
    #: Calls in order of job, and in a job in order of priority, then arrival.
    ordered: Places
    #: Where each job begins in `ordered`, and where the last ends.
    offset: Places

    def __len__(self) -> int:
        return len(self.expert)

    @cached_property
    def work_s(self) -> Seconds:
        """Of each job, together."""
        return np.bincount(self.job, self.problem.work_s, len(self)).astype(np.float64)

    def calls(self, job: int) -> Places:
        """The calls of one job."""
        return self.ordered[self.offset[job] : self.offset[job + 1]]


def jobs_of(problem: Problem, *, by_deadline: bool) -> Jobs:
    """Group the calls of a problem."""
    workload, num_experts = problem.workload, len(problem.workload.experts)
    urgency = _urgency(problem) if by_deadline else np.zeros(workload.num_requests, dtype=np.int64)
    code = urgency[workload.request] * problem.num_stages + workload.stage
    code = code * num_experts + workload.expert
    length = (int(urgency.max(initial=0)) + 1) * problem.num_stages * num_experts
    present = np.flatnonzero(np.bincount(code, minlength=length))
    dense = np.zeros(length, dtype=np.int32)
    dense[present] = np.arange(len(present), dtype=np.int32)
    job = dense[code]
    counts = np.bincount(job, minlength=len(present))
    return Jobs(
        problem=problem,
        expert=present % num_experts,
        stage=present // num_experts % problem.num_stages,
        urgency=present // num_experts // problem.num_stages,
        job=job,
        ordered=_ordered(job, -workload.priority[workload.request]),
        offset=np.concatenate([[0], np.cumsum(counts)]),
    )


def _ordered(job: npt.NDArray[np.int32], later: npt.NDArray[np.int32]) -> Places:
    if not later.any():
        # Sixteen bits are sorted by counting, several times as fast.
        narrow = job.astype(np.uint16) if job.max(initial=0) < 1 << 16 else job
        return np.asarray(np.argsort(narrow, kind="stable"))
    return np.asarray(np.lexsort((later, job)))


def _urgency(problem: Problem) -> Places:
    """Classes of requests: by deadline, then priority; those that nobody waits for last."""
    deadline_s, priority = problem.workload.deadline_s, problem.workload.priority
    finite = np.unique(deadline_s[np.isfinite(deadline_s)])
    if len(finite) > MAX_CLASSES:
        told = deadline_s[np.isfinite(deadline_s)]
        finite = np.unique(np.quantile(told, np.linspace(0, 1, MAX_CLASSES)))
    levels = np.unique(priority)[::-1][:MAX_LEVELS]
    level = np.searchsorted(-levels, -priority).clip(max=len(levels) - 1)
    due = np.searchsorted(finite, deadline_s, side="left")
    return np.asarray(np.where(due < len(finite), due * len(levels) + level, due * len(levels)))


class Readiness:
    """Which calls may begin: those whose request has ended all stages before."""

    def __init__(self, problem: Problem) -> None:
        workload, order = problem.workload, problem.by_request
        request, stage = workload.request[order], workload.stage[order]
        begins = np.ones(len(order), dtype=bool)
        begins[1:] = (request[1:] != request[:-1]) | (stage[1:] != stage[:-1])
        self._order = order
        #: A block is the calls of one request and one stage; where each begins in `order`.
        self._begin = np.append(np.flatnonzero(begins), len(order))
        self._block = np.empty(len(order), dtype=np.int32)
        self._block[order] = np.cumsum(begins, dtype=np.int32) - 1
        owner = request[self._begin[:-1]]
        #: Whether the block after it is of the same request.
        self._goes_on = np.append(owner[1:] == owner[:-1], False) if len(owner) else begins
        self._left = np.diff(self._begin).astype(np.int32)
        first = np.append(True, ~self._goes_on[:-1]) if len(owner) else begins
        self.is_ready: Flags = np.zeros(len(order), dtype=bool)
        self.first = self._open(np.flatnonzero(first))

    def end(self, calls: Places) -> Places:
        """Take calls as ended; the calls that may begin now."""
        blocks, counts = np.unique(self._block[calls], return_counts=True)
        self._left[blocks] -= counts.astype(np.int32)
        ended = blocks[(self._left[blocks] == 0) & self._goes_on[blocks]]
        return self._open(ended + 1)

    def _open(self, blocks: Places) -> Places:
        lengths = self._begin[blocks + 1] - self._begin[blocks]
        ends = np.cumsum(lengths)
        shifts = np.repeat(self._begin[blocks] - (ends - lengths), lengths)
        calls = self._order[shifts + np.arange(len(shifts))]
        self.is_ready[calls] = True
        return np.asarray(calls)

"""Requests one after the other as they came: what a queue without a plan does to many experts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from orchestrator.planner.bounds import lower_bound_s
from orchestrator.planner.holding import Holding
from orchestrator.planner.plan import Plan
from orchestrator.planner.problem import Problem, problem_of
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.timing import Part, timed
from orchestrator.planner.workload import Workload

#: Of longer workloads the first so many calls are walked, and what they take stands for the rest.
MAX_CALLS = 50_000


def arrival_order(workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts) -> Plan:
    """The calls of each request in turn, each on a slot that holds its expert.

    Where none does, the slot turns that was used least recently. Calls of one expert and stage that
    follow each other on a slot are one run, until another call builds on one of them.

    Raises:
        DispatchError: an expert has no cost, or no slot may be asked for it or has its memory.
    """
    problem = problem_of(workload, slots, costs)
    walked = problem_of(_first(workload, MAX_CALLS), slots, costs)
    plan = timed(walked, arrival_parts(walked)).plan(lower_bound_s(problem))
    if walked.workload.num_calls == workload.num_calls:
        return plan
    share = walked.workload.num_calls / workload.num_calls
    return replace(
        plan,
        share=share,
        makespan_s=plan.makespan_s / share,
        num_late=round(plan.num_late / share),
    )


def arrival_parts(problem: Problem) -> list[Part]:
    """The parts of `arrival_order`, in the order they begin."""
    workload = problem.workload
    request, stage = workload.request.tolist(), workload.stage.tolist()
    queues, experts, seen = _Queues(problem), workload.expert.tolist(), (-1, -1)
    earlier: list[_Open] = []
    own: list[_Open] = []
    for call in problem.by_request.tolist():
        if (request[call], stage[call]) != seen:
            earlier = [*earlier, *own] if request[call] == seen[0] else []
            for part in earlier:
                part.is_closed = True
            own, seen = [], (request[call], stage[call])
        after = max((part.place for part in earlier), default=-1)
        own.append(queues.put(call, experts[call], stage[call], after=after))
    return [part.part() for part in queues.parts]


@dataclass(slots=True, kw_only=True)
class _Open:
    """A run that takes further calls until another expert's turn, or until one builds on it."""

    place: int
    slot: int
    expert: int
    stage: int
    calls: list[int] = field(default_factory=list)
    is_closed: bool = False

    def takes(self, expert: int, stage: int) -> bool:
        return not self.is_closed and (self.expert, self.stage) == (expert, stage)

    def part(self) -> Part:
        return Part(
            slot=self.slot,
            expert=self.expert,
            stage=self.stage,
            calls=np.array(self.calls, dtype=np.int64),
        )


class _Queues:
    """The slots, from the one used least recently on, with what each holds and does last."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.parts: list[_Open] = []
        self._holding = [Holding(problem, slot) for slot in range(len(problem.slots))]
        self._last: list[_Open | None] = [None] * len(problem.slots)
        self._used = OrderedDict.fromkeys(range(len(problem.slots)))
        self._may = [
            frozenset(np.flatnonzero(problem.may[:, expert]).tolist())
            for expert in range(len(problem.workload.experts))
        ]
        self._lineage_use: list[dict[int, int]] = [{} for _ in problem.slots]

    def put(self, call: int, expert: int, stage: int, *, after: int) -> _Open:
        """Have a slot do a call that builds on runs up to `after`; the run it joins or begins."""
        slot = self._slot(expert)
        self._used.move_to_end(slot)
        uses = self._lineage_use[slot]
        self._holding[slot].take(expert, lambda lineage: -uses.get(lineage, -1))
        uses[int(self._problem.terms.lineage[expert])] = call
        part = self._last[slot]
        if part is None or part.place <= after or not part.takes(expert, stage):
            part = _Open(place=len(self.parts), slot=slot, expert=expert, stage=stage)
            self._last[slot] = part
            self.parts.append(part)
        part.calls.append(call)
        return part

    def _slot(self, expert: int) -> int:
        may = self._may[expert]
        allowed = [slot for slot in self._used if slot in may]
        for slot in allowed:
            if self._holding[slot].holds(expert):
                return slot
        return allowed[0]


def _first(workload: Workload, max_calls: int) -> Workload:
    """The first requests, with so many calls at most; one at least."""
    if workload.num_calls <= max_calls:
        return workload
    num_requests = max(int(workload.request[max_calls]), 1)
    end = int(np.searchsorted(workload.request, num_requests))
    return Workload(
        experts=workload.experts,
        request=workload.request[:end],
        stage=workload.stage[:end],
        expert=workload.expert[:end],
        prompt_tokens=workload.prompt_tokens[:end],
        output_tokens=workload.output_tokens[:end],
        deadline_s=workload.deadline_s[:num_requests],
        priority=workload.priority[:num_requests],
    )

"""The plainest executor: lines in the order of their file, so many at a time, and no retries.

It plans one slot with one run an expert and stage. For tests, and to compare with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from orchestrator.batch.endpoint import Endpoint
from orchestrator.batch.executing import Work
from orchestrator.batch.line import Line, LineFault, LineResult
from orchestrator.batch.progress import RunProgress
from orchestrator.planner.plan import Plan, Run

_SLOT = "here"


class InOrderExecutor:
    """See `Executor`.

    Args:
        endpoint: answers.
        at_once: lines under way of one batch.
    """

    def __init__(self, endpoint: Endpoint, *, at_once: int = 16) -> None:
        self.endpoint = endpoint
        #: Who answers a line; tests have several.
        self.endpoint_of: Callable[[Line], Endpoint] = lambda _: endpoint
        self._at_once = at_once
        self._num_done: dict[str, int] = {}

    async def execute(self, work: Work) -> None:
        """See `Executor.execute`."""
        self._num_done[work.id] = 0
        places = iter(work.left)
        answering = [self._answer_each(work, places) for _ in range(self._at_once)]
        tasks = [asyncio.ensure_future(one) for one in answering]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            del self._num_done[work.id]

    async def plan(self, work: Work) -> tuple[Plan, Plan]:
        """See `Executor.plan`: a second a call."""
        load, runs, now_s = work.workload, [], 0.0
        for stage in sorted(set(load.stage.tolist())):
            for expert, name in enumerate(load.experts):
                calls = np.flatnonzero((load.stage == stage) & (load.expert == expert))
                if len(calls):
                    runs.append(_run(name, stage, calls, now_s))
                    now_s = runs[-1].ends_s
        plan = Plan(runs=tuple(runs), makespan_s=now_s, lower_bound_s=now_s)
        return plan, plan

    def progress(self, work_id: str) -> RunProgress | None:
        """See `Executor.progress`."""
        if work_id not in self._num_done:
            return None
        return RunProgress(
            num_lines=0,
            num_done=self._num_done[work_id],
            num_tokens=0,
            tokens_per_s=0.0,
            swaps_so_far=0,
            swaps_expected=0,
            left_s=None,
        )

    async def _answer_each(self, work: Work, places: Iterator[int]) -> None:
        for place in places:
            line = await work.lines.read(place)
            reply = await self.endpoint_of(line).answer(
                line, call_id=f"{work.id}-{place}", batch=work.id, owner=work.owner
            )
            fault = None if reply.is_ok else LineFault(code="failed", message="it was refused")
            await work.sink.put(
                LineResult(place=place, custom_id=line.custom_id, reply=reply, fault=fault)
            )
            self._num_done[work.id] += 1


def _run(expert: str, stage: int, calls: npt.NDArray[np.int64], begins_s: float) -> Run:
    return Run(
        slot=_SLOT,
        expert=expert,
        stage=stage,
        calls=calls,
        begins_s=begins_s,
        step="swap",
        step_s=0.0,
        ends_s=begins_s + len(calls),
        num_tokens=0,
    )

"""Keeps the plan of all batches up to date with what is left and with where it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Protocol

import numpy as np

from orchestrator import metrics
from orchestrator.batch.agenda import Agenda
from orchestrator.batch.joint import Joint, joined
from orchestrator.batch.surroundings import Lookout, Surroundings
from orchestrator.batch.under_way import UnderWay
from orchestrator.errors import OrchestratorError
from orchestrator.planner.plan import Plan

if TYPE_CHECKING:
    from orchestrator.batch.executor import Plans

_LOG = logging.getLogger(__name__)

#: A plan that is not urgent is made so long after the one before, seconds.
_PATIENCE_S = 3.0


class Departed(Protocol):
    """Knows how what happens compares to what was planned."""

    def departs(self) -> str | None:
        """Why the plan is to be made anew; `None` while it holds."""
        ...


class Replanning:
    """The plan that holds now.

    Args:
        lookout: sees slots.
        plans: makes plans.
        clock: seconds, monotonic.
    """

    def __init__(self, lookout: Lookout, plans: Plans, *, clock: Callable[[], float]) -> None:
        self._lookout = lookout
        self._plans = plans
        self._clock = clock
        self.around = Surroundings()
        self.current: Agenda | None = None
        self._form: tuple[object, ...] = ()
        self._is_outdated = True
        self._is_urgent = False
        self._planned_s = -_PATIENCE_S
        self._bell = asyncio.Event()

    def outdate(self, *, is_urgent: bool = True) -> None:
        """What is left is not what was planned."""
        self._is_outdated = True
        if is_urgent or self.current is None or self.current.is_over:
            self._is_urgent = True
            self._bell.set()

    async def rest(self, seconds: float) -> None:
        """Wait until the next look."""
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            pass
        self._bell.clear()

    async def look(self, parts: Sequence[UnderWay], happened: Departed) -> None:
        """See the slots, and plan anew where that is due."""
        await self._see()
        if not parts or not self._is_due(happened):
            return
        self._is_outdated = self._is_urgent = False
        self._form, self._planned_s = self.around.form, self._clock()
        around, now_s = self.around, self._clock()
        joint = joined(parts, hosted=_plannable(around), now_s=now_s)
        is_hasty = self.current is None and any(_is_gone_on_with(under) for under in parts)
        make = self._plans.hasty if is_hasty else self._plans.planned
        plan = await asyncio.to_thread(make, joint.workload, around.slots, around.costs)
        self._is_outdated = self._is_outdated or is_hasty
        _LOG.info(
            "batches: %d calls planned in %d runs, %.1f s, %d swaps",
            joint.workload.num_calls,
            len(plan.runs),
            plan.makespan_s,
            plan.num_swaps,
        )
        metrics.BATCH_PLANS.inc()
        self.current = Agenda(
            plan, joint, late=_late(plan, joint, now_s), slotted=frozenset(around.costs)
        )

    async def foreseen(self, under: UnderWay) -> tuple[Plan, Plan]:
        """The plan of one work behind all that is under way, and how it would be in arrival order.

        Calls of upstreams are in neither.
        """
        await self._see()
        busy_s = {} if self.current is None else self.current.left_s_by_slot
        slots = tuple(
            replace(slot, free_s=slot.free_s + busy_s.get(slot.name, 0.0))
            for slot in self.around.slots
        )
        joint = joined((under,), hosted=_plannable(self.around), now_s=self._clock())
        costs = self.around.costs
        made = [
            await asyncio.to_thread(make, joint.workload, slots, costs)
            for make in (self._plans.planned, self._plans.arrival)
        ]
        ours, arrival = (_renumbered(plan, joint) for plan in made)
        return ours, arrival

    async def _see(self) -> None:
        try:
            self.around = await self._lookout.look()
        except OrchestratorError as error:
            _LOG.debug("slots are taken to be as they were: %s", error.message)

    def _is_due(self, happened: Departed) -> bool:
        if self.current is None or self._is_urgent or self.around.form != self._form:
            return True
        if self._clock() - self._planned_s < _PATIENCE_S:
            return False
        why = happened.departs()
        if why is not None:
            _LOG.info("batches are planned anew: %s", why)
        return self._is_outdated or why is not None


def _is_gone_on_with(under: UnderWay) -> bool:
    """Whether some of its lines were done before: somebody may have waited for this long enough."""
    return len(under.work.left) < len(under.work.lines)


def _plannable(around: Surroundings) -> frozenset[str] | None:
    """Experts that a plan can be made for: hosted now, and known to cost something."""
    costed = frozenset(around.costs)
    return costed if around.hosted is None else around.hosted & costed


def _late(plan: Plan, joint: Joint, now_s: float) -> frozenset[str]:
    """Works whose last run ends after their deadline."""
    ends_s = dict.fromkeys(range(len(joint.parts)), 0.0)
    for run in plan.runs:
        for part in np.unique(joint.part[run.calls]):
            ends_s[int(part)] = max(ends_s[int(part)], run.ends_s)
    works = [under.work for under in joint.parts]
    return frozenset(
        work.id
        for at, work in enumerate(works)
        if isfinite(work.deadline_s) and now_s + ends_s[at] > work.deadline_s
    )


def _renumbered(plan: Plan, joint: Joint) -> Plan:
    """The plan by the places of the work's own workload."""
    return replace(plan, runs=tuple(replace(run, calls=joint.call[run.calls]) for run in plan.runs))

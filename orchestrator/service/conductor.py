"""The deployment that knows which slot hosts what.

Soft state only: it asks the workers, so a new one knows all within a round. Gateways ask it for
the table about once a second and keep the last one while it does not answer; no request waits
for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from orchestrator.residency.placement import DispatchTable
from orchestrator.service.gauges import forget_dead
from orchestrator.service.replica import enter_replica
from orchestrator.service.reports import Census, WorkerReport

#: Seconds a worker may take to answer, and between two rounds.
_PATIENCE_S = 2.0
_PERIOD_S = 0.5
_FORGET_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductorPlan:
    """What should be hosted where."""

    table: DispatchTable
    #: Where the processes of the service keep their metrics.
    metrics_dir: Path


class Conductor:
    """Asks every worker what it hosts, and tells whoever asks.

    Args:
        plan: the table the workers were started by.
        workers: Serve handle of each slot's worker.
    """

    def __init__(self, plan: ConductorPlan, workers: Mapping[str, Any]) -> None:
        enter_replica()
        self._plan = plan
        self._workers = workers
        self._reports = {
            slot: WorkerReport(slot=slot, state="starting", detail="its process is starting")
            for slot in workers
        }
        self._asking = [
            asyncio.get_running_loop().create_task(self._keep_asking(slot)) for slot in workers
        ]
        self._asking.append(asyncio.get_running_loop().create_task(self._keep_forgetting()))

    def census(self) -> Census:
        """Every slot as it was at its last answer."""
        reports = tuple(self._reports.values())
        hosted = {report.slot: _experts(report) for report in reports}
        slots_by_expert = {
            expert: tuple(slot for slot in slots if expert in hosted.get(slot, frozenset()))
            for expert, slots in self._plan.table.slots_by_expert.items()
        }
        return Census(
            table=DispatchTable(
                slots_by_expert={e: slots for e, slots in slots_by_expert.items() if slots}
            ),
            workers=reports,
        )

    def check_health(self) -> None:
        """Called by Serve; raising has the Conductor replaced."""
        for task in self._asking:
            if task.done():
                task.result()

    async def _keep_asking(self, slot: str) -> None:
        while True:
            self._reports[slot] = await self._ask(slot)
            await asyncio.sleep(_PERIOD_S)

    async def _keep_forgetting(self) -> None:
        while True:
            await asyncio.sleep(_FORGET_PERIOD_S)
            forget_dead(self._plan.metrics_dir)

    async def _ask(self, slot: str) -> WorkerReport:
        response = self._workers[slot].describe.remote()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await response  # type: ignore[no-any-return]
        except TimeoutError:
            response.cancel()
            detail = f"its worker gave no answer in {_PATIENCE_S:g} s"
        except (RayError, RayServeException) as exc:
            detail = f"its worker is gone ({type(exc).__name__}); a new one is being started"
        return WorkerReport(slot=slot, state="silent", detail=detail)


def _experts(report: WorkerReport) -> frozenset[str]:
    """Experts that the worker takes calls for."""
    if report.report is None or report.state == "silent":
        return frozenset()
    return frozenset(report.report.experts)

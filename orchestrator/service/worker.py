"""The deployment of one slot."""

from __future__ import annotations

import os
from dataclasses import replace

from ray.util import get_node_ip_address

from orchestrator.engines.assignment import Assignment
from orchestrator.service.node_exporter import begin_export
from orchestrator.service.replica import enter_replica
from orchestrator.service.reports import WorkerReport
from orchestrator.service.slot_worker import SlotWorker, WorkerPlan

__all__ = ["Worker", "WorkerPlan"]


class Worker(SlotWorker):
    """A slot's worker as Serve runs it; the Conductor tells it what to hold."""

    def __init__(self, plan: WorkerPlan) -> None:
        self._life = enter_replica("worker", slot=plan.slot)
        self._exporter = begin_export(get_node_ip_address(), os.environ)
        super().__init__(plan)

    async def describe(self, assignment: Assignment | None = None) -> WorkerReport:
        """See `SlotWorker.describe`; one that gets another engine ready is not paused for it."""
        report = await super().describe(assignment)
        if report.state in {"ready", "failed"}:
            self._life.see(is_up=report.state == "ready", why=report.detail)
        return (
            report if self._exporter is None else replace(report, exporter=self._exporter.address)
        )

    async def __del__(self) -> None:
        """Called by Serve, once the last call has its answer."""
        self._life.end("its calls have their answers")

"""The deployment of one slot."""

from __future__ import annotations

from orchestrator.service.replica import enter_replica
from orchestrator.service.slot_worker import SlotWorker, WorkerPlan

__all__ = ["Worker", "WorkerPlan"]


class Worker(SlotWorker):
    """A slot's worker as Serve runs it; the Conductor tells it what to hold."""

    def __init__(self, plan: WorkerPlan) -> None:
        enter_replica("worker")
        super().__init__(plan)

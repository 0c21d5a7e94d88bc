"""What workers tell the Conductor, and what the Conductor tells gateways and the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestrator.engines.slot import SlotReport
from orchestrator.residency.placement import DispatchTable

State = Literal["starting", "ready", "failed", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """One worker, as it sees itself, or as it is seen while it does not answer."""

    slot: str
    #: `silent`: the worker did not answer in time; it may be restarting.
    state: State
    #: One sentence: what it is doing, or why it failed.
    detail: str
    report: SlotReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Every slot at one moment."""

    #: `Expert.key` to the slots that take calls for it now; experts of no slot are left out.
    table: DispatchTable
    workers: tuple[WorkerReport, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every worker hosts all it should."""
        return all(worker.state == "ready" for worker in self.workers)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for each worker that is not ready."""
        return tuple(
            f"slot {worker.slot!r}: {worker.detail}"
            for worker in self.workers
            if worker.state != "ready"
        )

    def is_up(self, slot: str) -> bool:
        """Whether the worker of `slot` answers."""
        return any(worker.slot == slot and worker.state != "silent" for worker in self.workers)

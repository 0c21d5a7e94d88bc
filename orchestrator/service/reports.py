"""What workers tell the Conductor, and what the Conductor tells gateways and the operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.engines.assignment import EngineReport
from orchestrator.engines.sighting import SlotHealth
from orchestrator.engines.slot import SlotReport
from orchestrator.residency.load import Load
from orchestrator.residency.placement import DispatchTable

State = SlotHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """One worker, as it sees itself, or as it is seen while it does not answer."""

    slot: str
    #: `silent`: the worker did not answer in time; it may be restarting.
    state: State
    #: One sentence: what it is doing, or why it failed.
    detail: str
    #: Stamp of the assignment it holds, `None` before the first.
    stamp: str | None = None
    engines: tuple[EngineReport, ...] = ()
    report: SlotReport | None = None
    #: Id of its process, `None` while it is silent.
    process: int | None = None
    #: Where its node's metrics are, host:port; `None` where it exports none.
    exporter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """What a gateway sees of callers, and goes by: told every few seconds, since it is long."""

    load: Load
    #: `Expert.key` -> slots; `None` before it was told any.
    homes: Mapping[str, tuple[str, ...]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayReport:
    """One gateway, as it sees itself."""

    id: str
    #: Generation that new requests are pinned to, `None` before the first.
    live: int | None
    #: Generation that it holds ready beside the live one.
    prepared: int | None = None
    #: Generation that it cannot serve, and why.
    failed: int | None = None
    failure: str = ""
    #: Oldest generation that a request is pinned to.
    oldest: int | None = None
    #: Whether it keeps batches, rather than being a gateway.
    is_runner: bool = False
    #: `None` in most reports: what was told last stands.
    sights: Sights | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Every slot at one moment."""

    #: `Expert.key` to the slots that take calls for it now; experts of no slot are left out.
    table: DispatchTable
    workers: tuple[WorkerReport, ...]
    #: Generation that every gateway should get ready for, `None` while there is none.
    proposed: int | None = None
    #: Whether who keeps batches was heard lately.
    is_runner_up: bool = True
    #: Seconds until calls under way are to end; `None` while the service does not stop.
    ends_in_s: float | None = None

    def lacking(self, keys: Iterable[str]) -> tuple[str, ...]:
        """What keeps some of these experts from being hosted; nothing when all are."""
        missing = [
            key for key in keys if not self.table.slots(key) and key not in self.table.awaited
        ]
        if not missing:
            return ()
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        not_ready = (one for one in self.workers if one.state != "ready")
        return (
            f"no slot hosts {', '.join(missing[:3])}{more} yet",
            *(f"slot {worker.slot!r}: {worker.detail}" for worker in not_ready),
        )

    def is_up(self, slot: str) -> bool:
        """Whether the worker of `slot` answers."""
        return any(worker.slot == slot and worker.state != "silent" for worker in self.workers)

"""The metrics of one slot: fed by what happens there, and by its reports.

Labels are the slot, the step and how something ended, never the expert: a slot may have thousands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from orchestrator import metrics
from orchestrator.costs.prior import Step
from orchestrator.errors import OrchestratorError, OverloadedError

if TYPE_CHECKING:
    from orchestrator.engines.slot import SlotReport


class Meters:
    """Counts what one slot does.

    Args:
        slot: its name.
    """

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._queue_length = metrics.QUEUE_LENGTH.labels(slot)
        self._background_length = metrics.BACKGROUND_QUEUE_LENGTH.labels(slot)
        self._admitted_s = metrics.QUEUE_WAIT_SECONDS.labels(slot, "admitted")
        self._hits = metrics.ADMISSIONS.labels(slot, "hit")
        self._misses = metrics.ADMISSIONS.labels(slot, "miss")

    def queued(self, num_waiting: int, *, num_in_background: int) -> None:
        """The queue has this length now, and so many calls wait that nobody waits for."""
        self._queue_length.set(num_waiting)
        self._background_length.set(num_in_background)

    def in_background(self, event: Literal["admitted", "recalled"]) -> None:
        """What became of a call that nobody waits for."""
        metrics.BACKGROUND_CALLS.labels(self._slot, event).inc()

    def admitted(self, *, waited_s: float, is_hit: bool) -> None:
        """A call's turn came; a hit found its expert resident when it arrived."""
        self._admitted_s.observe(waited_s)
        (self._hits if is_hit else self._misses).inc()

    def refused(self, error: OrchestratorError, *, waited_s: float | None) -> None:
        """A call got no turn; `waited_s` is `None` for one that was not let wait."""
        reason = error.reason if isinstance(error, OverloadedError) else error.code
        metrics.REFUSALS.labels(self._slot, reason).inc()
        if waited_s is not None:
            metrics.QUEUE_WAIT_SECONDS.labels(self._slot, error.code).observe(waited_s)

    def left(self, *, waited_s: float) -> None:
        """A caller hung up while it waited."""
        metrics.QUEUE_WAIT_SECONDS.labels(self._slot, "left").observe(waited_s)

    def stepped(
        self, kind: Step, *, took_s: float, error: OrchestratorError | None, num_evicted: int
    ) -> None:
        """A step ended; `num_evicted` experts that answered before it do not any more."""
        metrics.SWAPS.labels(self._slot, kind, "ok" if error is None else error.code).inc()
        if num_evicted:
            metrics.EVICTIONS.labels(self._slot, kind).inc(num_evicted)
        if error is None:
            metrics.SWAP_SECONDS.labels(self._slot, kind).observe(took_s)

    def see(self, report: SlotReport) -> None:
        """Show what a report says of now: to be called as often as it should be true."""
        metrics.BROKEN_EXPERTS.labels(self._slot).set(len(report.broken))
        self._see_memory("device", report.device_gib, report.device_room_gib)
        self._see_memory("host", report.host_gib, report.host_room_gib)
        if report.reuse is not None:
            metrics.TRACE_SRP.labels(self._slot).set(report.reuse.srp)
            metrics.TRACE_SCH.labels(self._slot).set(report.reuse.sch)

    def _see_memory(self, ledger: str, taken_gib: float, room_gib: float | None) -> None:
        metrics.MEMORY_GIB.labels(self._slot, ledger, "taken").set(taken_gib)
        if room_gib is not None:
            metrics.MEMORY_GIB.labels(self._slot, ledger, "room").set(room_gib)

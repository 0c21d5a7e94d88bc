"""What every worker said last, and for how long it has said nothing; values in, values out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from orchestrator.service.gateways import GONE_S, PATIENCE_S
from orchestrator.service.reports import WorkerReport

#: A worker that is started anew answers within this, seconds; else its edit is given up.
START_S = 120.0


class Attendance:
    """The workers by their slots, also those that nobody has seen yet.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started_s = clock()
        self._reports: dict[str, WorkerReport] = {}
        self._answered_s: dict[str, float] = {}
        #: Workers that no one has seen yet, and since when they are to come.
        self._awaited_s: dict[str, float] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._reports)

    def __contains__(self, slot: str) -> bool:
        return slot in self._reports

    def __getitem__(self, slot: str) -> WorkerReport:
        return self._reports[slot]

    @property
    def reports(self) -> tuple[WorkerReport, ...]:
        """Workers as they were at their last answer."""
        return tuple(self._reports.values())

    def report(self, slot: str) -> WorkerReport | None:
        """The last answer of a worker, `None` of one that is not known."""
        return self._reports.get(slot)

    def hear(self, report: WorkerReport) -> None:
        """Take note of what a worker says, or that it says nothing."""
        self._reports[report.slot] = report
        if report.state != "silent":
            self._answered_s[report.slot] = self._clock()
            self._awaited_s.pop(report.slot, None)

    def expect(self, slots: Iterable[str]) -> None:
        """Workers that are being started; those that are known stay as they are."""
        for slot in slots:
            if slot not in self._reports:
                self._awaited_s[slot] = self._clock()
                self._reports[slot] = WorkerReport(
                    slot=slot, state="silent", detail="its process is starting"
                )

    def dismiss(self, slot: str) -> None:
        """Forget a worker that has been ended."""
        for known in (self._reports, self._answered_s, self._awaited_s):
            known.pop(slot, None)

    def is_silent(self, slot: str) -> bool:
        """Whether a worker has not answered when it was asked last."""
        report = self._reports.get(slot)
        return report is None or report.state == "silent"

    def is_gone(self, slot: str) -> bool:
        """Whether a worker has been silent for so long that nothing of it can be lost."""
        return slot in self._awaited_s or self._silent_s(slot) > GONE_S

    def taken(self, slot: str, lineage: str) -> frozenset[str]:
        """Keys that the engine of a lineage takes calls for."""
        report = self._reports.get(slot)
        if report is None or report.report is None or report.state == "silent":
            return frozenset()
        hosts = (host for host in report.report.hosts if host.lineage == lineage)
        return frozenset(key for host in hosts for key in host.experts)

    def silence(self, slot: str) -> tuple[str, str] | None:
        """State and detail of a silent worker; `None` once it is not waited for any more."""
        report = self._reports.get(slot)
        detail = "its worker is not up" if report is None else report.detail
        if slot in self._awaited_s:
            if self._clock() - self._awaited_s[slot] <= START_S:
                return "silent", detail
            return "failed", f"its worker was not up within {START_S:g} s: {detail}"
        return None if self._silent_s(slot) > PATIENCE_S else ("silent", detail)

    def _silent_s(self, slot: str) -> float:
        return self._clock() - self._answered_s.get(slot, self._started_s)

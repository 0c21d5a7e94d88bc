"""The gateways as the Conductor knows them: generations, load, and the homes they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from orchestrator.residency.load import Load, total
from orchestrator.service.reports import GatewayReport, Sights

#: A replica that has been silent for longer is not waited for, seconds.
PATIENCE_S = 3.0
#: A gateway that has been silent for longer is gone, and so are the requests it had pinned.
GONE_S = 10.0


class Gateways:
    """What every gateway said last.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began_s = clock()
        self._reports: dict[str, tuple[GatewayReport, float]] = {}
        #: Told less often than the rest.
        self._sights: dict[str, Sights] = {}
        #: How often each has said something.
        self._num_reports: Counter[str] = Counter()

    def hear(self, report: GatewayReport) -> None:
        """Take note of what a gateway says."""
        self._reports[report.id] = (report, self._clock())
        self._num_reports[report.id] += 1
        if report.sights is not None:
            self._sights[report.id] = report.sights
        for id_ in self._reports.keys() - {one.id for one in self.heard(within_s=GONE_S)}:
            for known in (self._reports, self._sights, self._num_reports):
                known.pop(id_, None)

    def marks(self) -> Mapping[str, int]:
        """How often each has asked so far; see `have_heard`."""
        return dict(self._num_reports)

    def have_heard(self, marks: Mapping[str, int]) -> bool:
        """Whether all of them go by what was told since: one that asks again has taken it in."""
        lately = self.heard(within_s=PATIENCE_S)
        return all(self._num_reports[one.id] >= marks.get(one.id, 0) + 2 for one in lately)

    def heard(self, *, within_s: float) -> list[GatewayReport]:
        """Those that said something lately."""
        now_s = self._clock()
        return [report for report, at_s in self._reports.values() if now_s - at_s <= within_s]

    def obstacles(self, number: int) -> tuple[dict[str, str], dict[str, str]]:
        """Gateways that cannot serve a proposed generation, and those that are not ready yet."""
        failed, waiting = {}, {}
        heard = self.heard(within_s=PATIENCE_S)
        for report in heard:
            name = f"gateway {report.id}"
            if report.failed == number:
                failed[name] = report.failure
            elif report.prepared != number and report.live != number:
                waiting[name] = f"it is loading generation {number}"
        if not heard and self._clock() - self._began_s <= PATIENCE_S:
            waiting["gateways"] = "none has been heard yet"
        return failed, waiting

    @property
    def is_runner_up(self) -> bool:
        """Whether who keeps batches was heard lately, or there was no time for it yet."""
        if self._clock() - self._began_s <= GONE_S:
            return True
        return any(report.is_runner for report in self.heard(within_s=GONE_S))

    @property
    def serving(self) -> dict[str, int]:
        """Gateway that was heard lately -> the generation that new requests there get."""
        heard = self.heard(within_s=PATIENCE_S)
        return {report.id: report.live for report in heard if report.live is not None}

    def have_switched(self, number: int) -> bool:
        """Whether every gateway that was heard lately serves this generation, or a newer one."""
        heard = self.heard(within_s=PATIENCE_S)
        return all(report.live is not None and report.live >= number for report in heard)

    @property
    def floor(self) -> int | None:
        """The oldest generation that a gateway pins requests to, `None` while none is heard."""
        pinned = [
            number
            for report in self.heard(within_s=GONE_S)
            for number in (report.oldest, report.live)
            if number is not None
        ]
        return min(pinned, default=None)

    @property
    def load(self) -> Load:
        """What is asked through all of them."""
        return total(sights.load for sights in self._sights.values())

    @property
    def homes(self) -> Mapping[str, tuple[str, ...]] | None:
        """Homes that a gateway holds from before, `None` while no one has told any."""
        told = (one.homes for one in self._sights.values() if one.homes is not None)
        return next(told, None)

"""Every slot as operators see it, and their wishes carried to it; without Ray.

Nothing here is asked for by requests, so a worker may be asked afresh: what the Conductor heard
half a second ago is told only of one that does not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from orchestrator.engines.sighting import Residency, Sighting
from orchestrator.errors import ExpertUnavailableError, InvalidRequestError, OrchestratorError
from orchestrator.residency.placement import DispatchTable
from orchestrator.residency.wishes import Granted, Wish
from orchestrator.service.reports import WorkerReport

#: What a caller is told to wait where no slot hosts an expert yet, seconds.
_RETRY_AFTER_S = 5.0


class Workers(Protocol):
    """The workers that run."""

    @property
    def slots(self) -> Collection[str]:
        """Their slots."""
        ...

    async def look(self, slot: str) -> WorkerReport:
        """Ask one afresh; it is `silent` where it does not answer at once."""
        ...

    async def steer(self, slot: str, wish: Wish) -> Granted:
        """Have one carry a wish out.

        Raises:
            OrchestratorError: it could not, or does not answer.
        """
        ...


class Oversight:
    """Answers what operators ask of slots.

    Args:
        workers: that run.
        table: says who hosts what now.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        workers: Workers,
        *,
        table: Callable[[], DispatchTable],
        clock: Callable[[], float],
    ) -> None:
        self._workers = workers
        self._table = table
        self._clock = clock
        #: The last report that was no silence, and when it came.
        self._heard: dict[str, tuple[WorkerReport, float]] = {}

    def hear(self, report: WorkerReport) -> None:
        """Take note of what a worker says, or that it says nothing."""
        if report.state != "silent":
            self._heard[report.slot] = (report, self._clock())

    async def residency(self) -> Residency:
        """See `ResidencyControl.residency`."""
        running = frozenset(self._workers.slots)
        self._heard = {slot: one for slot, one in self._heard.items() if slot in running}
        found = await asyncio.gather(*(self._workers.look(slot) for slot in sorted(running)))
        return Residency(
            slots=tuple(self._sighting(report) for report in found),
            table=self._table(),
        )

    async def steer(self, wish: Wish) -> tuple[Granted, ...]:
        """See `ResidencyControl.steer`; every slot is tried, and one that fails is named."""
        slots = self._slots_of(wish)
        ended = await asyncio.gather(
            *(self._workers.steer(slot, wish) for slot in slots), return_exceptions=True
        )
        _raise_first(zip(slots, ended, strict=True))
        return tuple(one for one in ended if isinstance(one, Granted))

    def _slots_of(self, wish: Wish) -> tuple[str, ...]:
        table = self._table()
        hosts = table.slots(wish.key)
        if not hosts:
            raise ExpertUnavailableError(
                f"no slot hosts expert {wish.expert!r} yet; GET /admin/residency says how far "
                "slots are",
                retry_after_s=_RETRY_AFTER_S,
            )
        if wish.slot is None:
            # An expert is brought up where it is at home; what is there already may be anywhere.
            is_up = wish.kind in ("load", "pin")
            return (is_up and table.homes(wish.key)) or hosts
        if wish.slot not in hosts:
            raise InvalidRequestError(
                f"slot {wish.slot[:64]!r} does not host expert {wish.expert!r}; allowed: "
                f"{', '.join(hosts)}",
                param="slot",
            )
        return (wish.slot,)

    def _sighting(self, report: WorkerReport) -> Sighting:
        self.hear(report)
        known, at_s = self._heard.get(report.slot, (report, None))
        return Sighting(
            slot=report.slot,
            health=report.state,
            detail=report.detail,
            engines=known.engines,
            report=known.report,
            age_s=None if at_s is None else self._clock() - at_s,
        )


def _raise_first(ended: Iterable[tuple[str, Granted | BaseException]]) -> None:
    """Raise the first failure, naming its slot; what other slots did stays done."""
    for slot, outcome in ended:
        if isinstance(outcome, OrchestratorError):
            told = type(outcome)(
                f"slot {slot!r}: {outcome.message}", retry_after_s=outcome.retry_after_s
            )
            raise told from outcome
        if isinstance(outcome, BaseException):
            raise outcome

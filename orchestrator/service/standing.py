"""What one process that answers requests knows of the parts that it needs; values in, words out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.api.readiness import Readiness
from orchestrator.engines.circuits import Circuit
from orchestrator.registry.models import id_of
from orchestrator.service.reports import Census

#: A Conductor that has not answered for longer is away, seconds.
_SILENT_S = 3.0
UP = "up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Circuits that are not closed in this process."""

    circuits: tuple[Circuit, ...] = ()
    #: Keys of the experts that upstreams answer for.
    upstreams: tuple[str, ...] = ()

    @property
    def told(self) -> str | None:
        """Those that are open, for people; `None` where none is."""
        found = [_told(one) for one in self.circuits if one.state == "open"]
        return f"left alone here: {'; '.join(found)}" if found else None

    @property
    def is_of_all(self) -> bool:
        """Whether every upstream is one that is not even asked."""
        refused = {one.engine for one in self.circuits if one.is_refusing}
        return bool(self.upstreams) and refused.issuperset(self.upstreams)


@dataclass(slots=True, kw_only=True)
class Standing:
    """The parts, as they were at their last answer.

    Args:
        clock: seconds, monotonic.
    """

    clock: Callable[[], float]
    census: Census | None = None
    #: When the Conductor answered last.
    answered_s: float = 0.0
    #: Since when the store is away, and why; `None` while it is not.
    away_s: float | None = None
    why: str = ""
    #: Called when the store goes and comes.
    changed: Callable[[bool], None] = field(default=lambda _: None)

    def hear(self, census: Census) -> None:
        """The Conductor has answered."""
        self.census, self.answered_s = census, self.clock()

    def see_store(self, trouble: str | None) -> None:
        """The store has answered, or has not, and why."""
        if trouble is None and self.away_s is not None:
            self.away_s = None
            self.changed(True)
        elif trouble is not None and self.away_s is None:
            self.away_s = self.clock()
            self.changed(False)
        self.why = trouble or ""

    def readiness(
        self, lacking: str | None, hosted: tuple[str, ...], *, broken: Broken | None = None
    ) -> Readiness:
        """Whether requests can be answered, part by part.

        Args:
            lacking: why no generation is served, `None` while one is.
            hosted: keys of the experts that slots are to host.
            broken: engines that failed lately; slots are asked all the same.
        """
        slots, engines = self._slots(hosted), broken or Broken()
        nobody = engines.told if engines.is_of_all and not hosted else None
        reasons = tuple(one for one in (lacking, *slots, nobody, self._end()) if one is not None)
        soft = {
            "engines": engines.told,
            "store": self._store(),
            "conductor": self._conductor(),
            "runner": self._runner(),
        }
        degraded = tuple(f"{name}: {told}" for name, told in soft.items() if told is not None)
        hard = {"programs": lacking, "slots": "; ".join(slots) or self._paused()}
        parts = {name: told or UP for name, told in {**hard, **soft}.items()}
        return Readiness(is_ready=not reasons, reasons=reasons, degraded=degraded, parts=parts)

    def _slots(self, hosted: tuple[str, ...]) -> tuple[str, ...]:
        return ("no dispatch table yet",) if self.census is None else self.census.lacking(hosted)

    def _paused(self) -> str | None:
        awaited = self.census.table.awaited if self.census is not None else frozenset()
        return f"calls for {', '.join(sorted(awaited))} wait for a restart" if awaited else None

    def _end(self) -> str | None:
        if self.census is None or self.census.ends_in_s is None:
            return None
        return "the service stops: no new requests"

    def _store(self) -> str | None:
        if self.away_s is None:
            return None
        return (
            f"away for {self.clock() - self.away_s:.0f} s ({self.why}); what is live is served, "
            "decision records wait, edits and feedback are refused"
        )

    def _conductor(self) -> str | None:
        if self.census is None:
            return None
        silent_s = self.clock() - self.answered_s
        if silent_s <= _SILENT_S:
            return None
        return f"silent for {silent_s:.0f} s; calls go by the last dispatch table"

    def _runner(self) -> str | None:
        if self.census is None or self.census.is_runner_up:
            return None
        return "silent; batches pause until it is back"


def _told(circuit: Circuit) -> str:
    name = id_of(circuit.engine) if circuit.is_upstream else f"slot {circuit.engine}"
    return f"{name} for {circuit.for_s:.0f} s ({circuit.reason}), tried in {circuit.retry_s:.0f} s"

"""The seats of a slot: the effects its loop acts through, with metrics and log lines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

from orchestrator.engines.meters import Meters
from orchestrator.engines.seat import Seat
from orchestrator.errors import OrchestratorError
from orchestrator.residency.actions import StepAction, Swap
from orchestrator.residency.decision import Decision
from orchestrator.residency.state import Rung
from orchestrator.residency.steps import expert_of, step_from
from orchestrator.residency.tickets import Ticket

_LOG = logging.getLogger(__name__)


class Seats(Mapping[str, Seat]):
    """`residency.effects.Effects` on the engines of a slot, by id.

    Args:
        slot: the slot's name, for metrics and the log.
        on_gone: told the id of an engine that has been forgotten.
    """

    def __init__(self, slot: str, *, on_gone: Callable[[str], None]) -> None:
        self._slot = slot
        self._seats: dict[str, Seat] = {}
        self._meters = Meters(slot)
        self._on_gone = on_gone
        #: What answered and where an engine stood before the step that is under way.
        self._before: dict[str, tuple[frozenset[str], Rung]] = {}

    def __getitem__(self, engine_id: str) -> Seat:
        return self._seats[engine_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._seats)

    def __len__(self) -> int:
        return len(self._seats)

    def put(self, engine_id: str, seat: Seat) -> None:
        """One more seat."""
        self._seats[engine_id] = seat

    def of_lineage(self, lineage: str) -> Iterator[tuple[str, Seat]]:
        """Seats of one lineage."""
        return ((id_, seat) for id_, seat in self._seats.items() if seat.lineage == lineage)

    async def take(self, step: StepAction) -> None:
        """See `Effects.take`."""
        seat = self._seats[step.engine]
        self._before[step.engine] = frozenset(seat.residents), seat.rung
        await seat.take(step)

    def queued(self, num_waiting: int) -> None:
        """See `Effects.queued`."""
        self._meters.queued(num_waiting)

    def decided(self, decision: Decision) -> None:
        """See `Effects.decided`."""
        _LOG.debug("slot %s: %s, since %s", self._slot, decision.sentence, decision.why)

    def admitted(self, ticket: Ticket, *, engine: str, waited_s: float, is_hit: bool) -> None:
        """See `Effects.admitted`."""
        del ticket, engine
        self._meters.admitted(waited_s=waited_s, is_hit=is_hit)

    def refused(self, ticket: Ticket, error: OrchestratorError, *, waited_s: float | None) -> None:
        """See `Effects.refused`."""
        del ticket
        self._meters.refused(error, waited_s=waited_s)

    def left(self, ticket: Ticket, *, waited_s: float) -> None:
        """See `Effects.left`."""
        del ticket
        self._meters.left(waited_s=waited_s)

    def stepped(self, step: StepAction, *, took_s: float, error: OrchestratorError | None) -> None:
        """See `Effects.stepped`."""
        seat, engine = self._seats[step.engine], step.engine
        residents, rung = self._before.pop(engine, (frozenset(), seat.rung))
        kind = step_from(step, rung)
        num_evicted = len(residents - frozenset(seat.residents)) if error is None else 0
        self._meters.stepped(kind, took_s=took_s, error=error, num_evicted=num_evicted)
        whom = "" if expert_of(step) is None else f" to expert {expert_of(step)!r}"
        if error is not None:
            told = f"slot %s: engine %s: {kind}%s failed: %s"
            _LOG.error(told, self._slot, engine, whom, error)
            return
        if isinstance(step, Swap):
            seat.last_swap_s = took_s
        _LOG.info("slot %s: engine %s: %s%s took %.3f s", self._slot, engine, kind, whom, took_s)

    def died(self, engine: str, error: OrchestratorError) -> None:
        """See `Effects.died`."""
        _LOG.error("slot %s: engine %s died, restarting it: %s", self._slot, engine, error)

    def gone(self, engine: str) -> None:
        """See `Effects.gone`."""
        del self._seats[engine]
        _LOG.info("slot %s: engine %s is gone", self._slot, engine)
        self._on_gone(engine)

"""The seats of a slot: the effects its loop acts through, with metrics and log lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from orchestrator.engines.journal import Journal
from orchestrator.engines.seat import Seat
from orchestrator.engines.slot_spans import SlotSpans
from orchestrator.errors import OrchestratorError
from orchestrator.residency.actions import StepAction, Swap
from orchestrator.residency.decision import Decision
from orchestrator.residency.state import Rung
from orchestrator.residency.steps import expert_of, step_from
from orchestrator.residency.tickets import Ticket


class Seats(Mapping[str, Seat]):
    """`residency.effects.Effects` on the engines of a slot, by id.

    Args:
        slot: the slot's name, for metrics and the log.
        on_gone: told the id of an engine that has been forgotten.
        spans: of the slot.
    """

    def __init__(
        self, slot: str, *, on_gone: Callable[[str], None], spans: SlotSpans | None = None
    ) -> None:
        self._seats: dict[str, Seat] = {}
        self._journal = Journal(slot, spans=spans)
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

    def queued(self, num_waiting: int, *, num_in_background: int) -> None:
        """See `Effects.queued`."""
        self._journal.queued(num_waiting, num_in_background=num_in_background)

    def decided(self, decision: Decision) -> None:
        """See `Effects.decided`."""
        self._journal.decided(decision)

    def admitted(self, ticket: Ticket, *, engine: str, waited_s: float, is_hit: bool) -> None:
        """See `Effects.admitted`."""
        self._journal.admitted(ticket, engine=engine, waited_s=waited_s, is_hit=is_hit)

    def recalled(self, ticket: Ticket, *, engine: str) -> None:
        """See `Effects.recalled`."""
        self._journal.recalled(ticket, engine=engine)

    def refused(self, ticket: Ticket, error: OrchestratorError, *, waited_s: float | None) -> None:
        """See `Effects.refused`."""
        self._journal.refused(ticket, error, waited_s=waited_s)

    def left(self, ticket: Ticket, *, waited_s: float) -> None:
        """See `Effects.left`."""
        self._journal.left(ticket, waited_s=waited_s)

    def stepped(self, step: StepAction, *, took_s: float, error: OrchestratorError | None) -> None:
        """See `Effects.stepped`."""
        seat, engine = self._seats[step.engine], step.engine
        residents, rung = self._before.pop(engine, (frozenset(), seat.rung))
        if error is None and isinstance(step, Swap):
            seat.last_swap_s = took_s
        self._journal.stepped(
            step_from(step, rung),
            engine=engine,
            expert=expert_of(step),
            took_s=took_s,
            error=error,
            num_evicted=len(residents - frozenset(seat.residents)) if error is None else 0,
        )

    def died(self, engine: str, error: OrchestratorError) -> None:
        """See `Effects.died`."""
        self._journal.died(engine, error)

    def gone(self, engine: str) -> None:
        """See `Effects.gone`."""
        del self._seats[engine]
        self._journal.gone(engine)
        self._on_gone(engine)

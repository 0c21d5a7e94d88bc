"""What a slot tells of itself as it happens: one log line a decision, one a step, and metrics.

Lines are JSON with an `action`; times are in seconds, experts and engines by the names that the
slot knows them by. Admissions are told at DEBUG: they are as many as calls, and each call has a
line of the gateway.
"""

from __future__ import annotations

import logging
from math import isfinite
from uuid import uuid4

from orchestrator.costs.prior import Step
from orchestrator.engines.meters import Meters
from orchestrator.engines.slot_spans import SlotSpans
from orchestrator.errors import OrchestratorError
from orchestrator.events.catalogue import Action
from orchestrator.events.telling import tell
from orchestrator.residency.decision import Decision
from orchestrator.residency.tickets import Ticket
from orchestrator.tracing.spans import Value

_LOG = logging.getLogger(__name__)


class Journal:
    """Hears what `residency.effects.Effects` is told, and tells it on.

    Args:
        slot: its name.
        spans: of the slot; nobody records without.
    """

    def __init__(self, slot: str, *, spans: SlotSpans | None = None) -> None:
        self._slot = slot
        self._spans = spans or SlotSpans(slot)
        self._meters = Meters(slot)

    def queued(self, num_waiting: int, *, num_in_background: int) -> None:
        """See `Effects.queued`."""
        self._meters.queued(num_waiting, num_in_background=num_in_background)

    def decided(self, decision: Decision) -> None:
        """See `Effects.decided`."""
        self._tell(
            logging.INFO,
            "decision",
            decision=decision.what,
            engine=decision.engine,
            expert=decision.expert,
            why=decision.why,
            num_waiting=decision.num_waiting,
            expected_s=_seconds(decision.expected_s),
        )

    def admitted(self, ticket: Ticket, *, engine: str, waited_s: float, is_hit: bool) -> None:
        """See `Effects.admitted`."""
        if ticket.is_background:
            self._meters.in_background("admitted")
        else:
            self._meters.admitted(waited_s=waited_s, is_hit=is_hit)
        if _LOG.isEnabledFor(logging.DEBUG):
            self._tell(
                logging.DEBUG,
                "decision",
                decision="admit",
                engine=engine,
                expert=ticket.expert,
                waited_s=_seconds(waited_s),
                is_hit=is_hit,
            )

    def recalled(self, ticket: Ticket, *, engine: str) -> None:
        """See `Effects.recalled`."""
        self._meters.in_background("recalled")
        if _LOG.isEnabledFor(logging.DEBUG):
            self._tell(
                logging.DEBUG, "decision", decision="recall", engine=engine, expert=ticket.expert
            )

    def refused(self, ticket: Ticket, error: OrchestratorError, *, waited_s: float | None) -> None:
        """See `Effects.refused`; the gateway's line of the call says why."""
        del ticket
        self._meters.refused(error, waited_s=waited_s)

    def left(self, ticket: Ticket, *, waited_s: float) -> None:
        """See `Effects.left`."""
        del ticket
        self._meters.left(waited_s=waited_s)

    def stepped(
        self,
        step: Step,
        *,
        engine: str,
        expert: str | None,
        took_s: float,
        error: OrchestratorError | None,
        num_evicted: int,
    ) -> None:
        """A step of the ladder ended.

        Args:
            step: its name in the cost model.
            engine: that took it.
            expert: for whom, `None` of a step down.
            took_s: seconds.
            error: why it failed, `None` where it did not.
            num_evicted: experts that answered before it and do not any more.
        """
        self._meters.stepped(step, took_s=took_s, error=error, num_evicted=num_evicted)
        swap_id = uuid4().hex[:16]
        told: dict[str, Value] = {"orchestrator.swap_id": swap_id, "orchestrator.engine": engine}
        told |= {} if expert is None else {"orchestrator.expert": expert}
        told |= {} if error is None else {"error.type": error.code}
        self._spans.stepped(step, expert=expert, took_s=took_s, attributes=told)
        self._tell(
            logging.INFO if error is None else logging.ERROR,
            "step",
            swap_id=swap_id,
            step=step,
            engine=engine,
            expert=expert,
            outcome="ok" if error is None else error.code,
            took_s=_seconds(took_s),
            **({} if error is None else {"reason": error.message}),
        )

    def died(self, engine: str, error: OrchestratorError) -> None:
        """See `Effects.died`."""
        self._tell(logging.ERROR, "death", engine=engine, reason=error.message)

    def gone(self, engine: str) -> None:
        """See `Effects.gone`."""
        self._tell(logging.INFO, "gone", engine=engine)

    def _tell(self, level: int, action: Action, **fields: object) -> None:
        tell(_LOG, action, level, slot=self._slot, **fields)


def _seconds(seconds: float | None) -> float | None:
    """Rounded, and JSON's: none for a time that is not known."""
    return None if seconds is None or not isfinite(seconds) else round(seconds, 4)

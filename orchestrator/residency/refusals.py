"""What goes wrong and who is told: experts that fail, bounds that cannot be kept, lost hosts."""

from __future__ import annotations

import asyncio

from orchestrator.costs.costs import Costs
from orchestrator.errors import EngineDeadError, EngineError, OverloadedError, SwapError
from orchestrator.residency.estimates import refusal_s
from orchestrator.residency.state import SlotState
from orchestrator.residency.tickets import Queues, Ticket

#: What a caller of a dead host is told to wait, seconds: about what a small engine needs to start.
_DEAD_RETRY_S = 10.0


class Broken:
    """Experts whose last swap failed: another that fails may cost a restart each time."""

    def __init__(self) -> None:
        self._by_expert: dict[str, tuple[EngineError, float]] = {}

    def note(self, expert: str, error: EngineError, *, until_s: float) -> None:
        """Leave `expert` alone until then."""
        self._by_expert[expert] = (error, until_s)

    def mend(self, expert: str) -> None:
        """It was made resident."""
        self._by_expert.pop(expert, None)

    def check(self, expert: str, *, now_s: float) -> None:
        """Raise `SwapError` while the expert is to be left alone."""
        error, until_s = self._by_expert.get(expert, (None, 0.0))
        left_s = until_s - now_s
        if error is None or left_s <= 0:
            return
        raise SwapError(
            f"expert {expert!r} is not tried for another {left_s:.0f} s, since its last swap "
            f"failed: {error}",
            retry_after_s=left_s,
        ) from error


def check_in_time(
    ticket: Ticket, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> None:
    """Raise `OverloadedError` for a ticket that would wait in vain."""
    retry_after_s = refusal_s(ticket, state, queues, costs, now_s=now_s)
    if retry_after_s is None:
        return
    raise OverloadedError(
        f"expert {ticket.expert!r} cannot be had within {ticket.slo_s:.1f} s, the longest wait "
        f"allowed (max_wait_s): {len(queues)} calls wait at its slot; try again later or allow a "
        "longer wait",
        retry_after_s=retry_after_s,
    )


def failure_of(task: asyncio.Task[None], *, what: str) -> EngineError | None:
    """How a finished task failed; what is not an engine's error means that the host is lost."""
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is None or isinstance(error, EngineError):
        return error
    dead = EngineDeadError(f"{what} ended in {type(error).__name__}: {error}")
    dead.__cause__ = error
    return dead


def told_callers(error: EngineDeadError) -> EngineDeadError:
    """The death of a host as its callers hear of it."""
    told = EngineDeadError(error.message, retry_after_s=error.retry_after_s or _DEAD_RETRY_S)
    told.__cause__ = error
    return told

"""What goes wrong and who is told: experts that fail, bounds that cannot be kept, lost engines."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

from orchestrator.costs.costs import Costs
from orchestrator.errors import EngineDeadError, EngineError, OverloadedError, SwapError
from orchestrator.residency.engine_book import EngineBook
from orchestrator.residency.estimates import refusal_s
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import SlotState
from orchestrator.residency.tickets import Ticket

#: What a caller of a dead engine is told to wait, seconds: about what a small one needs to start.
_DEAD_RETRY_S = 10.0
#: What a caller is told to wait for an operator to take a pin away, seconds.
_PINNED_RETRY_S = 60.0
#: Failures in a row after which an expert is left alone until somebody changes something.
_MAX_FAILURES = 2


_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    error: EngineError
    until_s: float
    #: In a row.
    number: int


class Broken:
    """Experts whose last step failed: another that fails may cost a restart each time."""

    def __init__(self) -> None:
        self._by_expert: dict[str, _Failure] = {}
        #: Deaths of engines in a row, by the expert they were to hold.
        self._num_deaths: Counter[str] = Counter()

    def note(self, expert: str, error: EngineError, *, until_s: float) -> None:
        """Leave `expert` alone until then; after a second failure in a row, until `forgive`."""
        before = self._by_expert.get(expert)
        number = 1 + (0 if before is None else before.number)
        self._by_expert[expert] = _Failure(
            error=error, until_s=inf if number >= _MAX_FAILURES else until_s, number=number
        )

    def suspect(self, expert: str) -> bool:
        """Count a death during a step to `expert`; whether it is one too many."""
        self._num_deaths[expert] += 1
        return self._num_deaths[expert] >= _MAX_FAILURES

    def mend(self, expert: str) -> None:
        """It was made resident."""
        self._by_expert.pop(expert, None)
        self._num_deaths.pop(expert, None)

    def forgive(self) -> None:
        """Try all of them again: what was wrong may have been changed."""
        self._by_expert.clear()
        self._num_deaths.clear()

    def now(self, *, now_s: float) -> Mapping[str, str]:
        """Experts that are left alone, and why."""
        if not self._by_expert:
            return _NONE
        return {
            expert: failure.error.message
            for expert, failure in self._by_expert.items()
            if failure.until_s > now_s
        }

    def check(self, expert: str, *, now_s: float) -> None:
        """Raise `SwapError` while the expert is to be left alone."""
        failure = self._by_expert.get(expert)
        if failure is None or failure.until_s <= now_s:
            return
        left_s = failure.until_s - now_s
        if left_s == inf:
            raise SwapError(
                f"expert {expert!r} is not tried again before the registry is changed, since its "
                f"last {failure.number} swaps failed: {failure.error}"
            ) from failure.error
        raise SwapError(
            f"expert {expert!r} is not tried for another {left_s:.0f} s, since its last swap "
            f"failed: {failure.error}",
            retry_after_s=left_s,
        ) from failure.error


def check_in_time(
    ticket: Ticket, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> None:
    """Raise `OverloadedError` for a ticket that would wait in vain."""
    _check_unpinned(ticket, state)
    retry_after_s = refusal_s(ticket, state, queues, costs, now_s=now_s)
    if retry_after_s is None:
        return
    raise OverloadedError(
        f"expert {ticket.expert!r} cannot be had within {ticket.slo_s:.1f} s, the longest wait "
        f"allowed (max_wait_s): {len(queues)} calls wait at its slot; try again later or allow a "
        "longer wait",
        reason="too_late",
        retry_after_s=retry_after_s,
    )


def _check_unpinned(ticket: Ticket, state: SlotState) -> None:
    """Refuse at once what pins leave no engine for: another slot may be free."""
    pinned = sorted({one for engine in state.engines if engine.is_pinned for one in engine.pinned})
    if pinned and not any(ticket.expert in engine.experts for engine in state.engines):
        raise OverloadedError(
            f"expert {ticket.expert!r} cannot be had while {pinned} are pinned at its slot: every "
            "engine that could become it holds one of them",
            reason="pinned",
            retry_after_s=_PINNED_RETRY_S,
        )


def check_able(expert: str, books: Iterable[EngineBook], *, now_s: float) -> None:
    """Raise `EngineDeadError` where every engine that can become `expert` is down."""
    reason = None
    for book in books:
        if expert in book.berth.experts:
            if not book.is_down(now_s):
                return
            reason = told_callers(book, now_s=now_s)
    if reason is not None:
        raise reason


def told_callers(book: EngineBook, *, now_s: float) -> EngineDeadError:
    """Why an engine is down, as its callers hear of it."""
    assert book.trouble is not None, f"engine {book.id!r} is not down"
    left_s = book.retry_at_s - now_s
    retry_after_s = left_s if 0 < left_s < inf else _DEAD_RETRY_S
    told = EngineDeadError(book.trouble.message, retry_after_s=retry_after_s)
    told.__cause__ = book.trouble
    return told


def failure_of(task: asyncio.Task[None], *, what: str) -> EngineError | None:
    """How a finished task failed; what is not an engine's error means that the engine is lost."""
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is None or isinstance(error, EngineError):
        return error
    dead = EngineDeadError(f"{what} ended in {type(error).__name__}: {error}")
    dead.__cause__ = error
    return dead

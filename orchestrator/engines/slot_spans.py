"""Spans of a slot: calls that wait and are answered, and the steps that they wait for.

A call brings the span it is a piece of (`Call.traceparent`), and so its trace goes on here. A step
is a piece of the wait of the first call it is taken for, and names the other ones; one that is
taken for no call begins a trace of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice

from orchestrator.engines.embedding import AnyCall
from orchestrator.errors import OrchestratorError
from orchestrator.residency.turn import Turn
from orchestrator.tracing.spans import UNTRACED, Attributes, Recorded, Span
from orchestrator.tracing.tracing import Tracing

#: Waiting calls that a step names: a swap for hundreds says enough with these.
_MAX_LINKS = 16


@dataclass(slots=True, kw_only=True, eq=False)
class _Traced:
    """One call: the span of its wait, then that of its answer."""

    wait: Span
    answer: Span = field(default=UNTRACED)


class SlotSpans:
    """Begins and ends them.

    Args:
        slot: its name.
        tracing: where spans go; nobody records without one.
    """

    def __init__(self, slot: str, tracing: Tracing | None = None) -> None:
        self._slot = slot
        self._tracing = tracing or Tracing()
        #: By `Call.key`, in order of arrival.
        self._waiting: dict[str, dict[_Traced, None]] = {}

    def of_call(
        self, call: AnyCall, turn: AbstractAsyncContextManager[Turn]
    ) -> AbstractAsyncContextManager[Turn]:
        """The same turn, with spans where the call's own is recorded."""
        wait = self._tracing.continued("wait for turn", call.traceparent)
        return turn if not wait.is_recorded else self._traced(call, turn, _Traced(wait=wait))

    def stepped(
        self, step: str, *, expert: str | None, took_s: float, attributes: Attributes
    ) -> None:
        """A step of the ladder ended.

        Args:
            step: its name.
            expert: for whom, by `Expert.key`; `None` of a step down.
            took_s: seconds.
            attributes: what else is known of it.
        """
        known = {"orchestrator.slot": self._slot, "orchestrator.step": step, **attributes}
        waits = [one.wait for one in self._waiting.get(expert or "", ())]
        first = next(iter(waits), None)
        if not isinstance(first, Recorded):
            self._tracing.past(f"step {step}", took_s=took_s, attributes=known)
            return
        others = [wait.link for wait in islice(waits, 1, _MAX_LINKS) if isinstance(wait, Recorded)]
        first.past(f"step {step}", took_s=took_s, attributes=known, links=others)
        for wait in waits:
            wait.tell({"orchestrator.swap_id": attributes["orchestrator.swap_id"]})

    @asynccontextmanager
    async def _traced(
        self, call: AnyCall, turn: AbstractAsyncContextManager[Turn], traced: _Traced
    ) -> AsyncIterator[Turn]:
        told = {"orchestrator.slot": self._slot, "orchestrator.call_id": call.id}
        traced.wait.tell(told)
        self._waiting.setdefault(call.key, {})[traced] = None
        error: str | None = None
        try:
            async with turn as place:
                place.on_end(lambda: self._heard(call, place, traced))
                yield place
        except OrchestratorError as exc:
            error = exc.code
            raise
        finally:
            self._ended(call, traced, error=error)

    def _heard(self, call: AnyCall, place: Turn, traced: _Traced) -> None:
        if not place.has_come or not self._forget(call, traced):
            return  # it has ended, or is about to
        traced.answer = self._tracing.continued("answer", call.traceparent)
        traced.answer.tell({"orchestrator.slot": self._slot, "orchestrator.call_id": call.id})
        traced.wait.end()

    def _ended(self, call: AnyCall, traced: _Traced, *, error: str | None) -> None:
        if self._forget(call, traced):
            traced.wait.end(error=error)
        traced.answer.end(error=error)

    def _forget(self, call: AnyCall, traced: _Traced) -> bool:
        waiting = self._waiting.get(call.key, {})
        is_waiting = traced in waiting
        waiting.pop(traced, None)
        if not waiting:
            self._waiting.pop(call.key, None)
        return is_waiting

"""When an engine that fails is left alone, and when it is asked again: a circuit breaker, pure.

Closed, an engine is asked as always. Open, whoever can ask another one does. After a pause it is
half open: one call tries it, and by that it closes or opens again, for longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    OrchestratorError,
    OverloadedError,
    StalledError,
)

State = Literal["closed", "half_open", "open"]
#: Gone; told us when to come back; too late or stalled; cut or malformed; whatever else failed.
FailureKind = Literal["dead", "limited", "timeout", "protocol", "error"]

#: Failures of one kind within `WINDOW_S` that open a circuit; those of several kinds add up.
TRIPS: dict[FailureKind, int] = {"dead": 1, "limited": 1, "timeout": 3, "protocol": 5, "error": 5}
WINDOW_S = 30.0
#: How long a circuit is open, seconds: at first, and at most after it has opened in a row.
FIRST_PAUSE_S, MAX_PAUSE_S = 5.0, 60.0
#: The longest `Retry-After` that is believed, seconds.
MAX_RETRY_AFTER_S = 300.0
#: Failures in a row after which even callers that can ask nobody else are refused: a connection
#: that was closed while it was idle looks like a dead engine, once.
SURE_AFTER = 3
#: Failures that are remembered.
_MAX_SEEN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failed call."""

    at_s: float
    kind: FailureKind
    #: What the engine asked for.
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The circuit of one engine; whatever happens makes another one."""

    #: The latest failures, oldest first, and calls that were answered since the first of them.
    failures: tuple[Failure, ...] = ()
    num_good: int = 0
    #: Failures since the last call that was answered.
    num_in_row: int = 0
    #: `None` of a closed one.
    opened_s: float | None = None
    until_s: float = 0.0
    #: Times that it has opened since it was closed.
    num_openings: int = 0
    #: A call of a half open one is under way.
    is_tried: bool = False

    def state(self, now_s: float) -> State:
        """Closed, open or half open."""
        if self.opened_s is None:
            return "closed"
        return "open" if now_s < self.until_s else "half_open"

    def is_avoided(self, now_s: float) -> bool:
        """Whether to ask another engine if there is one."""
        state = self.state(now_s)
        return state == "open" or (state == "half_open" and self.is_tried)

    def is_refusing(self, now_s: float) -> bool:
        """Whether to ask it not even if there is no other."""
        is_told = bool(self.failures) and self.failures[-1].kind == "limited"
        return self.is_avoided(now_s) and (is_told or self.num_in_row >= SURE_AFTER)

    def tried(self, now_s: float) -> Breaker:
        """A call is sent: the one that a half open circuit lets in."""
        return replace(self, is_tried=True) if self.state(now_s) == "half_open" else self

    def given_up(self) -> Breaker:
        """A call ended without a verdict: its caller hung up."""
        return replace(self, is_tried=False) if self.is_tried else self

    def answered(self, now_s: float, *, began_s: float) -> Breaker:
        """A call was answered; one that began before the circuit opened says nothing of it."""
        if self.opened_s is not None:
            return Breaker() if began_s >= self.opened_s else self
        kept = self._recent(now_s)
        return replace(self, failures=kept, num_good=self.num_good + 1, num_in_row=0)

    def failed(self, failure: Failure) -> Breaker:
        """A call failed."""
        now_s = failure.at_s
        seen = (*self._recent(now_s), failure)[-_MAX_SEEN:]
        after = replace(
            self,
            failures=seen,
            num_good=self.num_good if len(seen) > 1 else 0,
            num_in_row=self.num_in_row + 1,
        )
        state = self.state(now_s)
        if state == "half_open" or (state == "closed" and after._trips()):
            return after._opened(failure)
        return after._longer(failure) if state == "open" else after

    def _recent(self, now_s: float) -> tuple[Failure, ...]:
        return tuple(one for one in self.failures if now_s - one.at_s < WINDOW_S)

    def _trips(self) -> bool:
        if TRIPS[self.failures[-1].kind] == 1:
            return True
        weight = sum(1 / TRIPS[one.kind] for one in self.failures)
        return weight > 1 - 1e-9 and len(self.failures) >= self.num_good

    def _opened(self, failure: Failure) -> Breaker:
        pause_s = min(FIRST_PAUSE_S * 2**self.num_openings, MAX_PAUSE_S)
        return replace(
            self,
            opened_s=failure.at_s,
            until_s=failure.at_s + max(pause_s, _asked_s(failure)),
            num_openings=self.num_openings + 1,
            is_tried=False,
        )

    def _longer(self, failure: Failure) -> Breaker:
        """Calls that were under way when it opened may learn of a later time."""
        return replace(self, until_s=max(self.until_s, failure.at_s + _asked_s(failure)))


def failure_of(error: OrchestratorError, *, at_s: float, is_slot: bool) -> Failure | None:
    """What an error says of the engine; `None` where it answered as it should.

    A slot's refusals and swaps are of one expert, and its table tells of them: only one that is
    gone or stands still counts.
    """
    kind = _kind_of(error, is_slot=is_slot)
    if kind is None:
        return None
    return Failure(at_s=at_s, kind=kind, retry_after_s=error.retry_after_s)


def _kind_of(error: OrchestratorError, *, is_slot: bool) -> FailureKind | None:
    match error:
        case EngineDeadError():
            return "dead"
        case StalledError():
            return "timeout"
        case _ if is_slot:
            return None
        case EngineTimeoutError():
            return "timeout"
        case OverloadedError():
            return "error" if error.retry_after_s is None else "limited"
        case EngineProtocolError():
            return "protocol"
        case EngineError():
            return "error"
        case _:
            return None


def _asked_s(failure: Failure) -> float:
    return min(failure.retry_after_s or 0.0, MAX_RETRY_AFTER_S)

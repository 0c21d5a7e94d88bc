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
#: Where more than one is needed, at least this share of the calls that are remembered failed.
TRIPPING_SHARE = 0.5
WINDOW_S = 30.0
#: How long a circuit is open, seconds: at first, and at most after it has opened in a row.
FIRST_PAUSE_S, MAX_PAUSE_S = 5.0, 60.0
#: More of them make no longer pause.
_MAX_DOUBLINGS = 10
#: The longest `Retry-After` that is believed, seconds.
MAX_RETRY_AFTER_S = 300.0
#: Failures in a row after which even callers that can ask nobody else are refused: a connection
#: that was closed while it was idle looks like a dead engine, once, and a 429 with Retry-After
#: may be meant for one request of a hundred that are answered.
SURE_AFTER = 3
#: Calls that are remembered.
_MAX_SEEN = 20


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

    #: The latest calls from the first failure on, oldest first; `None` is one that was answered.
    seen: tuple[Failure | None, ...] = ()
    #: Failures since the last call that was answered.
    num_in_row: int = 0
    #: `None` of a closed one.
    opened_s: float | None = None
    until_s: float = 0.0
    #: Times that it has opened since it was closed.
    num_openings: int = 0
    #: A call of a half open one is under way.
    is_tried: bool = False

    @property
    def latest(self) -> Failure | None:
        """The last failure that is remembered; an open one has one."""
        return next((one for one in reversed(self.seen) if one is not None), None)

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
        return self.is_avoided(now_s) and self.num_in_row >= SURE_AFTER

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
        seen = self._seen(now_s, None)
        return replace(self, seen=seen, num_in_row=0) if seen else Breaker()

    def failed(self, failure: Failure) -> Breaker:
        """A call failed."""
        seen = self._seen(failure.at_s, failure)
        after = replace(self, seen=seen, num_in_row=self.num_in_row + 1)
        state = self.state(failure.at_s)
        if state == "half_open" or (state == "closed" and after._trips(failure)):
            return after._opened(failure)
        return after._longer(failure) if state == "open" else after

    def _seen(self, now_s: float, latest: Failure | None) -> tuple[Failure | None, ...]:
        """What is remembered after one more call; nothing where no failure is left."""
        seen = (*self.seen, latest)[-_MAX_SEEN:]
        recent = (
            place
            for place, one in enumerate(seen)
            if one is not None and now_s - one.at_s < WINDOW_S
        )
        first = next(recent, None)
        return () if first is None else seen[first:]

    def _trips(self, latest: Failure) -> bool:
        if TRIPS[latest.kind] == 1:
            return True
        failures = [one for one in self.seen if one is not None]
        weight = sum(1 / TRIPS[one.kind] for one in failures)
        return weight > 1 - 1e-9 and len(failures) >= TRIPPING_SHARE * len(self.seen)

    def _opened(self, failure: Failure) -> Breaker:
        return replace(
            self,
            opened_s=failure.at_s,
            until_s=failure.at_s + self._pause_s(failure),
            num_openings=self.num_openings + 1,
            is_tried=False,
        )

    def _pause_s(self, failure: Failure) -> float:
        """How long to leave it alone; one that said when it is back knows better than we do."""
        if failure.kind == "limited":
            return _asked_s(failure)
        pause_s = FIRST_PAUSE_S * 2.0 ** min(self.num_openings, _MAX_DOUBLINGS)
        return max(min(pause_s, MAX_PAUSE_S), _asked_s(failure))

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

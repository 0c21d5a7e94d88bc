"""The circuits of all engines that one gateway asks; every change is a log line and is counted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from orchestrator.engines.breaker import Breaker, Failure, FailureKind, State, failure_of
from orchestrator.errors import OrchestratorError
from orchestrator.events.telling import tell
from orchestrator.metrics import CIRCUIT_CHANGES, OPEN_CIRCUITS
from orchestrator.registry.models import id_of

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A circuit that is not closed, for people."""

    #: A slot's name, or `Expert.key` of an upstream.
    engine: str
    state: State
    #: Since it opened last, seconds.
    for_s: float
    #: Until a call tries the engine; 0 where the next one does.
    retry_s: float
    #: The last failure, and how many in a row there were.
    reason: FailureKind
    num_failures: int
    #: Whether it is not asked even by those who can ask nobody else.
    is_refusing: bool
    #: Whether it is an upstream's, and no slot's.
    is_upstream: bool


class Circuits:
    """One `Breaker` an engine that failed lately; engines that did not have none.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}
        self._told: dict[str, State] = {}

    def state(self, name: str) -> State:
        """Closed, open or half open."""
        breaker = self._breakers.get(name)
        return "closed" if breaker is None else breaker.state(self._clock())

    def is_avoided(self, name: str) -> bool:
        """Whether to ask another engine if there is one."""
        breaker = self._breakers.get(name)
        return breaker is not None and breaker.is_avoided(self._clock())

    def refusing_s(self, name: str) -> float | None:
        """Seconds for which not to ask it at all; `None` where it may be asked."""
        breaker, now_s = self._breakers.get(name), self._clock()
        if breaker is None or not breaker.is_refusing(now_s):
            return None
        return max(breaker.until_s - now_s, 1.0)

    def avoided(self) -> tuple[str, ...]:
        """Every engine to ask only if there is no other; changes of circuits by time are told."""
        if not self._breakers:
            return ()
        now_s = self._clock()
        for name, breaker in self._breakers.items():
            self._tell(name, breaker, why="its pause is over")
        return tuple(name for name, one in self._breakers.items() if one.is_avoided(now_s))

    def seen(self, upstreams: Collection[str]) -> tuple[Circuit, ...]:
        """Every circuit that is not closed, by name.

        Args:
            upstreams: names that are no slots'.
        """
        found = sorted(self._breakers.items())
        return tuple(
            self._circuit(name, breaker, latest, is_upstream=name in upstreams)
            for name, breaker in found
            if breaker.opened_s is not None and (latest := breaker.latest) is not None
        )

    def tried(self, name: str) -> None:
        """A call is sent to an engine."""
        if (breaker := self._breakers.get(name)) is not None:
            now_s = self._clock()
            self._tell(name, breaker, why="its pause is over")
            self._breakers[name] = breaker.tried(now_s)

    def given_up(self, name: str) -> None:
        """A call ended, with a verdict or without."""
        if (breaker := self._breakers.get(name)) is not None:
            self._breakers[name] = breaker.given_up()

    def answered(self, name: str, *, began_s: float) -> None:
        """A call was answered."""
        if (breaker := self._breakers.get(name)) is not None:
            after = breaker.answered(self._clock(), began_s=began_s)
            self._set(name, after, why="it has answered")

    def failed(self, name: str, error: OrchestratorError, *, is_slot: bool) -> None:
        """A call failed, which may be the caller's own fault."""
        failure = failure_of(error, at_s=self._clock(), is_slot=is_slot)
        if failure is not None:
            before = self._breakers.get(name, Breaker())
            self._set(name, before.failed(failure), why=f"{failure.kind} ({error.code})")

    def keep(self, names: Collection[str]) -> None:
        """Forget engines that are not among these."""
        for name in [name for name in self._breakers if name not in names]:
            self._set(name, Breaker(), why="it is gone")

    def _circuit(
        self, name: str, breaker: Breaker, latest: Failure, *, is_upstream: bool
    ) -> Circuit:
        now_s = self._clock()
        return Circuit(
            engine=name,
            state=breaker.state(now_s),
            for_s=now_s - (breaker.opened_s or 0.0),
            retry_s=max(breaker.until_s - now_s, 0.0),
            reason=latest.kind,
            num_failures=breaker.num_in_row,
            is_refusing=is_upstream and breaker.is_refusing(now_s),
            is_upstream=is_upstream,
        )

    def _set(self, name: str, breaker: Breaker, *, why: str) -> None:
        self._tell(name, breaker, why=why)
        if breaker.seen or breaker.opened_s is not None:
            self._breakers[name] = breaker
        else:
            self._breakers.pop(name, None)

    def _tell(self, name: str, breaker: Breaker, *, why: str) -> None:
        state = breaker.state(self._clock())
        before = self._told.get(name, "closed")
        if state == before:
            return
        if state == "closed":
            del self._told[name]
        else:
            self._told[name] = state
        CIRCUIT_CHANGES.labels(state=state).inc()
        engine = id_of(name)  # an edit is another engine, and a series is for ever
        OPEN_CIRCUITS.labels(engine=engine).inc((state == "open") - (before == "open"))
        level = logging.WARNING if state == "open" else logging.INFO
        retry_s = max(breaker.until_s - self._clock(), 0.0) if state == "open" else None
        tell(
            _logger,
            "breaker",
            level,
            engine=name,
            state=state,
            num_failures=breaker.num_in_row,
            retry_s=retry_s,
            reason=why,
        )

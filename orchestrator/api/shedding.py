"""Requests that a gateway turns away at once, since it has too many or is too late with them.

One that is turned away costs nothing but its head: its key is not looked up, its body not read.
Lines of batches are not: the batch runner bounds them, and tries again by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Literal

from starlette.types import Scope

from orchestrator.api.exchange import BATCH
from orchestrator.api.wishes import MAX_WAIT_S
from orchestrator.errors import OverloadedError
from orchestrator.events.telling import tell
from orchestrator.metrics import SHED
from orchestrator.residency.clock import Alarm, Clock

log = logging.getLogger(__name__)

#: What takes an engine's time; all else is quick, or an operator's.
_GENERATING = frozenset(
    {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"}
)
_MAX_WAIT_S = MAX_WAIT_S.encode()
#: How often the loop is asked how late it is, seconds, and the times in a row that count: being
#: late once is no reason to turn anybody away.
TICK_S, NUM_TICKS = 0.25, 4
#: What callers are told where a place is free as soon as any answer ends, seconds.
_SOON_S = 1.0
#: Nobody turned away for so long: it is over, seconds.
_OVER_AFTER_S = 5.0

Reason = Literal["in_flight", "delay", "max_wait"]
#: Being so late is noise, seconds: what single requests ask for is looked up from there on.
_NOISE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one gateway takes on."""

    max_in_flight: int
    #: Own delay before anything is done for a request.
    max_delay_s: float

    def exceeded(
        self, *, num_in_flight: int, delay_s: float, max_wait_s: float = inf
    ) -> Reason | None:
        """Why one more request is too much, which waits no longer; `None` where it is not."""
        if num_in_flight >= self.max_in_flight:
            return "in_flight"
        if delay_s > self.max_delay_s:
            return "delay"
        return "max_wait" if delay_s > max_wait_s else None


class Shedding:
    """Counts what is in flight here, and how late this process is.

    Args:
        bounds: what it takes on.
        loop: the clock of the running event loop.
    """

    def __init__(
        self, bounds: Bounds, *, loop: Callable[[], Clock] = asyncio.get_running_loop
    ) -> None:
        self._bounds = bounds
        self._loop = loop
        self._alarm: Alarm | None = None
        self._is_looking = False
        self._due_s = 0.0
        self._late_s: deque[float] = deque([0.0], maxlen=NUM_TICKS)
        #: When somebody was turned away last; `None` while nobody is.
        self._shed_s: float | None = None
        self.num_in_flight = 0

    @property
    def delay_s(self) -> float:
        """The delay that a request meets that comes now."""
        return min(self._late_s) if len(self._late_s) == NUM_TICKS else 0.0

    @contextmanager
    def entered(self, scope: Scope) -> Iterator[None]:
        """Count a request while the block runs.

        Raises:
            OverloadedError: one more is too much.
        """
        if scope["path"] not in _GENERATING or BATCH in scope:
            yield
            return
        self._check(scope)
        self.num_in_flight += 1
        if self.num_in_flight == 1:
            self._begin()
        try:
            yield
        finally:
            self.num_in_flight -= 1

    def _check(self, scope: Scope) -> None:
        bounds, num, delay_s = self._bounds, self.num_in_flight, self.delay_s
        max_wait_s = inf if delay_s < _NOISE_S else _max_wait_s(scope)
        reason = bounds.exceeded(num_in_flight=num, delay_s=delay_s, max_wait_s=max_wait_s)
        if reason in (None, "max_wait") and self._shed_s is not None:
            self._end_if_over(self._shed_s)
        if reason is None:
            return
        if reason == "max_wait":
            SHED.labels(reason=reason).inc()
            raise OverloadedError(_told(delay_s, max_wait_s), retry_after_s=_SOON_S)
        retry_after_s = _SOON_S if reason == "in_flight" else max(2 * delay_s, _SOON_S)
        SHED.labels(reason=reason).inc()
        if self._shed_s is None:
            tell(
                log,
                "shed",
                logging.WARNING,
                state="begun",
                num_in_flight=num,
                retry_after_s=retry_after_s,
                reason=reason,
            )
        self._shed_s = self._loop().time()
        raise OverloadedError(_message(reason, bounds, delay_s), retry_after_s=retry_after_s)

    def _end_if_over(self, shed_s: float) -> None:
        if self._loop().time() - shed_s >= _OVER_AFTER_S:
            self._shed_s = None
            tell(log, "shed", state="ended", num_in_flight=self.num_in_flight)

    def _begin(self) -> None:
        """Look how late the loop is, as long as anything is in flight."""
        loop = self._loop()
        if self._alarm is None:
            self._alarm = Alarm(loop, self._look)
        if not self._is_looking:
            self._late_s.clear()
            self._look_at(loop.time() + TICK_S)

    def _look(self) -> None:
        self._is_looking = False
        now_s = self._loop().time()
        self._late_s.append(now_s - self._due_s)
        if self.num_in_flight:
            self._look_at(now_s + TICK_S)

    def _look_at(self, when_s: float) -> None:
        assert self._alarm is not None, "made before"
        self._is_looking, self._due_s = True, when_s
        self._alarm.set(when_s)


def _max_wait_s(scope: Scope) -> float:
    """What the caller bears; infinite where it says nothing, or what is refused later."""
    given = next((value for name, value in scope["headers"] if name == _MAX_WAIT_S), b"inf")
    try:
        seconds = float(given)
    except ValueError:
        return inf
    return seconds if seconds > 0 else inf


def _told(delay_s: float, max_wait_s: float) -> str:
    return (
        f"this gateway is {delay_s:.1f} s late with whatever it does, and the request waits no "
        f"longer than {max_wait_s:g} s ({MAX_WAIT_S}): come again in a moment, or wait longer"
    )


def _message(reason: Reason, bounds: Bounds, delay_s: float) -> str:
    if reason == "in_flight":
        return (
            f"this gateway answers {bounds.max_in_flight} requests, as many as it takes on at a "
            "time: come again when some have ended"
        )
    return (
        f"this gateway is {delay_s:.1f} s late with whatever it does, and takes on nothing more "
        f"beyond {bounds.max_delay_s:g} s: come again in a while"
    )

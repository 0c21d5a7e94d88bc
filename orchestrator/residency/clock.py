"""Time as a parameter: what the loop needs of a clock, and one that a test moves by hand."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol


class Timer(Protocol):
    """A call that was asked for and has not happened yet."""

    def cancel(self) -> None:
        """Never call it."""
        ...


class Clock(Protocol):
    """Tells the time and calls back; a running asyncio event loop is one."""

    def time(self) -> float:
        """Seconds since a moment that stays the same."""
        ...

    def call_at(self, when: float, callback: Callable[[], Any], /) -> Timer:
        """Call `callback` once when `time()` has reached `when`."""
        ...


class Alarm:
    """One call back that is set anew, or not at all.

    Args:
        clock: calls back.
        ring: what to call; it may set the alarm again.
    """

    def __init__(self, clock: Clock, ring: Callable[[], Any]) -> None:
        self._clock = clock
        self._ring = ring
        self._set: tuple[float, Timer] | None = None

    def set(self, until_s: float | None) -> None:
        """Ring at `until_s` and at no other time; `None` for never."""
        if self._set is not None:
            if self._set[0] == until_s:
                return
            self._set[1].cancel()
        timer = None if until_s is None else self._clock.call_at(until_s, self._rings)
        self._set = None if timer is None or until_s is None else (until_s, timer)

    def _rings(self) -> None:
        self._set = None
        self._ring()


class ManualClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, *, now_s: float = 0.0) -> None:
        self._now_s = now_s
        self._order = count()
        self._timers: list[tuple[float, int, _ManualTimer]] = []

    def time(self) -> float:
        """Where the clock stands, seconds."""
        return self._now_s

    def call_at(self, when: float, callback: Callable[[], Any], /) -> Timer:
        """Call `callback` in the `advance` that reaches `when`."""
        timer = _ManualTimer(callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move on, calling back whatever comes due on the way, in order."""
        end_s = self._now_s + seconds
        while self._timers and self._timers[0][0] <= end_s:
            when_s, _, timer = heapq.heappop(self._timers)
            self._now_s = max(self._now_s, when_s)
            timer.fire()
        self._now_s = end_s


class _ManualTimer:
    def __init__(self, callback: Callable[[], Any]) -> None:
        self._callback: Callable[[], Any] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()

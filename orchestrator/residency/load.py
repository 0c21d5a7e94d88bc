"""How much each expert is asked for: decayed averages of what gateways see, for placement.

Soft state: a gateway that starts anew counts from nothing, and says within its first seconds what
it would have said after a day, only less surely.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import exp

#: Requests whose last expert is kept, for the next stage to follow it.
_MAX_REQUESTS = 4096
#: Calls a second that are not worth a line.
_LEAST_PER_S = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked of experts; they are named by `Expert.key`."""

    calls_per_s: Mapping[str, float] = field(default_factory=dict)
    #: How often the second was the next of a request after the first.
    followed_per_s: Mapping[tuple[str, str], float] = field(default_factory=dict)


def total(loads: Iterable[Load]) -> Load:
    """What several gateways see, together."""
    calls_per_s: dict[str, float] = {}
    followed_per_s: dict[tuple[str, str], float] = {}
    for load in loads:
        for key, per_s in load.calls_per_s.items():
            calls_per_s[key] = calls_per_s.get(key, 0.0) + per_s
        for pair, per_s in load.followed_per_s.items():
            followed_per_s[pair] = followed_per_s.get(pair, 0.0) + per_s
    return Load(calls_per_s=calls_per_s, followed_per_s=followed_per_s)


@dataclass(slots=True)
class _Count:
    """Events that fade: `value` as of `at_s`."""

    value: float
    at_s: float

    def faded(self, now_s: float, window_s: float) -> float:
        return self.value * exp((self.at_s - now_s) / window_s)

    def add(self, now_s: float, window_s: float) -> None:
        self.value, self.at_s = self.faded(now_s, window_s) + 1.0, now_s


class LoadMeter:
    """Counts calls and which expert follows which, and forgets at the pace of `window_s`.

    Args:
        clock: seconds, monotonic.
        window_s: an event counts for `1/e` of itself when it is this old.
    """

    def __init__(self, *, clock: Callable[[], float], window_s: float = 300.0) -> None:
        self._clock = clock
        self._window_s = window_s
        self._began_s = clock()
        self._calls: dict[str, _Count] = {}
        self._followed: dict[tuple[str, str], _Count] = {}
        self._last_by_request: OrderedDict[str, str] = OrderedDict()

    def note(self, key: str, *, request: str) -> None:
        """Take note of a call.

        Args:
            key: of its expert.
            request: whose stage it is; the calls of one request follow one another.
        """
        now_s = self._clock()
        self._calls.setdefault(key, _Count(0.0, now_s)).add(now_s, self._window_s)
        before = self._last_by_request.pop(request, key)
        if before != key:
            self._followed.setdefault((before, key), _Count(0.0, now_s)).add(now_s, self._window_s)
        self._last_by_request[request] = key
        if len(self._last_by_request) > _MAX_REQUESTS:
            self._last_by_request.popitem(last=False)

    def load(self) -> Load:
        """Rates as of now; what has faded is forgotten."""
        now_s = self._clock()
        # Of a young meter only part of the window can have been seen.
        age_s = max(now_s - self._began_s, 1.0)
        seen_s = self._window_s * (1.0 - exp(-age_s / self._window_s))
        calls = {key: one.faded(now_s, self._window_s) / seen_s for key, one in self._calls.items()}
        followed = {
            pair: one.faded(now_s, self._window_s) / seen_s for pair, one in self._followed.items()
        }
        for key in [key for key, per_s in calls.items() if per_s < _LEAST_PER_S]:
            del calls[key], self._calls[key]
        for pair in [pair for pair, per_s in followed.items() if per_s < _LEAST_PER_S]:
            del followed[pair], self._followed[pair]
        return Load(calls_per_s=calls, followed_per_s=followed)

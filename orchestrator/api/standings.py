"""What is left of a caller's limits, in OpenAI's headers."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from orchestrator.access.metering import Standing


def standings_of(standings: Iterable[Standing]) -> list[tuple[bytes, bytes]]:
    """The headers that say how much is left, as ASGI wants them."""
    found = []
    for one in standings:
        values = (str(one.limit), str(one.remaining), duration(one.resets_s))
        for name, value in zip(("limit", "remaining", "reset"), values, strict=True):
            found.append((f"x-ratelimit-{name}-{one.kind}".encode(), value.encode()))
    return found


def duration(seconds: float) -> str:
    """A time as OpenAI writes it: `6m0s`, `1s`, `12ms`, rounded up to what it is written in."""
    if seconds < 1:
        return f"{max(ceil(seconds * 1000), 0)}ms"
    minutes, rest_s = divmod(ceil(seconds), 60)
    return f"{minutes}m{rest_s}s" if minutes else f"{rest_s}s"

"""What callers have taken, counted in one place for every process that answers.

Limits of a minute are counted by seconds over the last 61: whatever 60 s one looks at, no more than
the limit began in it, and there is no second burst at the edge of a minute. Money is counted in
nano-USD, whole ones. What a call may take at its most is charged when it begins and given back when
it has ended, so that calls under way together never pass a budget, and a call whose process was
killed stays charged at its most: it may have taken that much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

#: Seconds that a limit of a minute looks back: the one that has begun and 60 whole ones.
WINDOW_S = 61
#: A lease that its process does not renew ends after so long, seconds.
LEASE_S = 30.0
#: The same, milliseconds, as leases are kept.
LEASE_MS = int(LEASE_S * 1000)
#: What was set aside is known for so long, seconds: longer than any batch.
HOLD_S = 40 * 86_400.0
#: Days for which what was spent on them is known.
DAYS_KEPT = 35
#: Whole numbers are exact up to here wherever they are counted.
MAX_NANO_USD = 2**53 - 1

#: What was exceeded; a budget of a day or of all.
Kind = Literal["requests", "tokens", "concurrent", "day", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of each a caller may take; `None` has no bound."""

    requests: int | None = None
    tokens: int | None = None
    concurrent: int | None = None
    day_nano_usd: int | None = None
    all_nano_usd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be taken, all of it or nothing."""

    #: Requests that begin: one, or none.
    requests: int = 0
    #: Names a request under way; empty where it is not counted.
    lease: str = ""
    #: Names what is set aside; empty where nothing is.
    hold: str = ""
    tokens: int = 0
    nano_usd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left of a limit of a minute."""

    remaining: int
    #: Milliseconds until all of it is there again.
    resets_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of a wish."""

    #: What was exceeded; `None` where the wish was granted.
    refused: Kind | None = None
    #: Of what was exceeded: what there was of it, and milliseconds until the wish could be granted;
    #: `None` where time alone does not help.
    available: int = 0
    retry_ms: int | None = None
    #: `None` where it is not bound.
    requests: Left | None = None
    tokens: Left | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What has ended: what was set aside is settled, and a lease given back."""

    key_id: str
    hold: str = ""
    tokens: int = 0
    nano_usd: int = 0
    lease: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a caller has spent, with what is set aside now."""

    all_nano_usd: int = 0
    #: By day of UTC, `20261122`.
    by_day: Mapping[str, int]


class MeterStore(Protocol):
    """Where is counted what callers take. Every method raises `StoreError` when it is away."""

    async def take(self, key_id: str, bounds: Bounds, wish: Wish) -> Taken:
        """Take what is wished for, if all of it is within the bounds.

        Atomic among all processes. After a `StoreError`, or where nobody waited for the answer, it
        may or may not have been taken: settle it at nothing, which is done after it.
        """
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Charge what was taken in the place of what was set aside.

        What was settled, or never set aside, is left alone: this may be repeated. More money than
        was set aside is never charged; of tokens all are.
        """
        ...

    async def renew(self, leases: Mapping[str, Sequence[str]]) -> None:
        """Keep leases for another `LEASE_S`: those of each key, by its id."""
        ...

    async def spent(self, key_id: str) -> Spent:
        """What a key has spent."""
        ...

    async def forget(self, key_id: str) -> None:
        """Forget all that is known of a key; its calls under way are settled against nothing."""
        ...


def left_of(limit: int | None, total: int, resets_ms: int) -> Left | None:
    """What is left of a limit; `None` where there is none."""
    return None if limit is None else Left(remaining=max(limit - total, 0), resets_ms=resets_ms)


def day_of(now_ms: int) -> str:
    """The day of UTC, as counters are named by it."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%d")


def day_ends_ms(now_ms: int) -> int:
    """Milliseconds until the next day of UTC begins."""
    return 86_400_000 - now_ms % 86_400_000

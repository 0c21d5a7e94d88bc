"""Meters in memory: for one process, and gone with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.store.meters import (
    DAYS_KEPT,
    LEASE_MS,
    WINDOW_S,
    Bounds,
    Kind,
    Left,
    Settlement,
    Spent,
    Taken,
    Wish,
    day_ends_ms,
    day_of,
    left_of,
)


@dataclass(slots=True)
class _Window:
    """What began in each of the last seconds."""

    by_second: dict[int, int] = field(default_factory=dict)

    def total(self, now_s: int) -> int:
        """All that counts now; what is older is forgotten, as is what a clock set back left."""
        kept = {
            at_s: num
            for at_s, num in self.by_second.items()
            if now_s - WINDOW_S < at_s <= now_s + WINDOW_S
        }
        self.by_second = kept
        return sum(kept.values())

    def add(self, at_s: int, num: int) -> None:
        """Count so many more; of a second that counts no more, nobody cares."""
        self.by_second[at_s] = max(self.by_second.get(at_s, 0) + num, 0)

    def resets_ms(self, now_ms: int) -> int:
        """Until nothing of it counts any more."""
        latest_s = max((at_s for at_s, num in self.by_second.items() if num), default=None)
        return 0 if latest_s is None else (latest_s + WINDOW_S) * 1000 - now_ms

    def left(self, limit: int | None, now_ms: int) -> Left | None:
        """What is left of a limit."""
        return left_of(limit, self.total(now_ms // 1000), self.resets_ms(now_ms))

    def frees_ms(self, num: int, now_ms: int) -> int:
        """Until so many of it count no more."""
        freed = 0
        for at_s in sorted(self.by_second):
            freed += self.by_second[at_s]
            if freed >= num:
                return (at_s + WINDOW_S) * 1000 - now_ms
        return self.resets_ms(now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hold:
    tokens: int
    nano_usd: int
    at_s: int
    day: str


@dataclass(slots=True)
class _Meter:
    """All that is counted of one key."""

    requests: _Window = field(default_factory=_Window)
    tokens: _Window = field(default_factory=_Window)
    #: Lease -> Unix time at which it ends, ms.
    leases: dict[str, int] = field(default_factory=dict)
    holds: dict[str, _Hold] = field(default_factory=dict)
    all_nano_usd: int = 0
    by_day: dict[str, int] = field(default_factory=dict)


class MemoryMeters:
    """`MeterStore` for one process.

    Args:
        clock: Unix time, seconds.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_key: dict[str, _Meter] = {}

    async def take(self, key_id: str, bounds: Bounds, wish: Wish) -> Taken:
        """See `MeterStore.take`."""
        meter = self._by_key.setdefault(key_id, _Meter())
        now_ms = self._now_ms()
        meter.leases = {name: ends for name, ends in meter.leases.items() if ends > now_ms}
        refused = _refusal(meter, bounds, wish, now_ms=now_ms)
        if refused is None:
            _put(meter, bounds, wish, now_ms=now_ms)
        kind, available, retry_ms = refused or (None, 0, None)
        return Taken(
            refused=kind,
            available=available,
            retry_ms=retry_ms,
            requests=meter.requests.left(bounds.requests, now_ms),
            tokens=meter.tokens.left(bounds.tokens, now_ms),
        )

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """See `MeterStore.settle`."""
        for one in settlements:
            if (meter := self._by_key.get(one.key_id)) is None:
                continue
            meter.leases.pop(one.lease, None)
            if (hold := meter.holds.pop(one.hold, None)) is not None:
                too_much = max(hold.nano_usd - one.nano_usd, 0)
                if hold.at_s in meter.tokens.by_second:
                    meter.tokens.add(hold.at_s, one.tokens - hold.tokens)
                meter.all_nano_usd -= too_much
                if hold.day in meter.by_day:
                    meter.by_day[hold.day] -= too_much

    async def renew(self, leases: Mapping[str, Sequence[str]]) -> None:
        """See `MeterStore.renew`."""
        ends_ms = self._now_ms() + LEASE_MS
        for key_id, names in leases.items():
            known = self._by_key.get(key_id, _Meter()).leases
            known.update({name: ends_ms for name in names if name in known})

    async def spent(self, key_id: str) -> Spent:
        """See `MeterStore.spent`."""
        meter = self._by_key.get(key_id, _Meter())
        return Spent(all_nano_usd=meter.all_nano_usd, by_day=dict(meter.by_day))

    async def forget(self, key_id: str) -> None:
        """See `MeterStore.forget`."""
        self._by_key.pop(key_id, None)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


_Refusal = tuple[Kind, int, int | None]


def _refusal(meter: _Meter, bounds: Bounds, wish: Wish, *, now_ms: int) -> _Refusal | None:
    """What of a wish is over its bound, in the order in which it is looked at."""
    windows: tuple[tuple[Kind, _Window, int | None, int], ...] = (
        ("requests", meter.requests, bounds.requests, wish.requests),
        ("tokens", meter.tokens, bounds.tokens, wish.tokens),
    )
    for kind, window, limit, wanted in windows:
        if limit is None or not wanted:
            continue
        free = limit - window.total(now_ms // 1000)
        if wanted > free:
            can_be = wanted <= limit
            retry_ms = window.frees_ms(wanted - free, now_ms) if can_be else None
            return kind, max(free, 0), retry_ms
    if wish.lease and bounds.concurrent is not None and len(meter.leases) >= bounds.concurrent:
        return "concurrent", 0, 1000
    return _over_budget(meter, bounds, wish, now_ms=now_ms)


def _over_budget(meter: _Meter, bounds: Bounds, wish: Wish, *, now_ms: int) -> _Refusal | None:
    if not wish.hold:
        return None
    budgets: tuple[tuple[Kind, int | None, int, int | None], ...] = (
        ("all", bounds.all_nano_usd, meter.all_nano_usd, None),
        ("day", bounds.day_nano_usd, meter.by_day.get(day_of(now_ms), 0), day_ends_ms(now_ms)),
    )
    for kind, limit, spent, resets_ms in budgets:
        if limit is None:
            continue
        if spent >= limit or spent + wish.nano_usd > limit:
            can_be = wish.nano_usd <= limit
            return kind, max(limit - spent, 0), resets_ms if can_be else None
    return None


def _put(meter: _Meter, bounds: Bounds, wish: Wish, *, now_ms: int) -> None:
    now_s, day = now_ms // 1000, day_of(now_ms)
    if wish.requests and bounds.requests is not None:
        meter.requests.add(now_s, wish.requests)
    if wish.lease:
        meter.leases[wish.lease] = now_ms + LEASE_MS
    if wish.tokens and bounds.tokens is not None:
        meter.tokens.add(now_s, wish.tokens)
    if wish.hold:
        meter.all_nano_usd += wish.nano_usd
        meter.by_day[day] = meter.by_day.get(day, 0) + wish.nano_usd
        for old in sorted(meter.by_day)[:-DAYS_KEPT]:
            del meter.by_day[old]
        meter.holds[wish.hold] = _Hold(
            tokens=wish.tokens, nano_usd=wish.nano_usd, at_s=now_s, day=day
        )

"""Meters in Redis: one script takes all of a wish or nothing, by the one clock of the server."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

from orchestrator.store.link import RedisLink
from orchestrator.store.meter_scripts import RENEW, SETTLE, TAKE
from orchestrator.store.meters import (
    DAYS_KEPT,
    HOLD_S,
    LEASE_MS,
    WINDOW_S,
    Bounds,
    Kind,
    Settlement,
    Spent,
    Taken,
    Wish,
    day_ends_ms,
    left_of,
)
from orchestrator.store.redis_scripts import LaneScript

#: What stands for no bound.
_NONE = -1


class RedisMeters:
    """`MeterStore` on the Redis behind `link`, which others may share.

    Args:
        link: the Redis.
        clock: Unix time, seconds; the server's own where `None`, as it must be where several
            processes count.
    """

    def __init__(self, link: RedisLink, *, clock: Callable[[], float] | None = None) -> None:
        self._link = link
        self._clock = clock
        self._take = LaneScript(link, TAKE, what="count what callers take")
        self._settle = LaneScript(link, SETTLE, what="settle what callers took")
        self._renew = LaneScript(link, RENEW, what="renew what is under way")

    async def take(self, key_id: str, bounds: Bounds, wish: Wish) -> Taken:
        """See `MeterStore.take`."""
        told = await self._take.run(
            self._keys(key_id, wish.hold),
            self._now(),
            wish.requests,
            _bound(bounds.requests),
            wish.lease,
            _bound(bounds.concurrent),
            LEASE_MS,
            wish.hold,
            wish.tokens,
            _bound(bounds.tokens),
            wish.nano_usd,
            _bound(bounds.day_nano_usd),
            _bound(bounds.all_nano_usd),
            int(HOLD_S),
            WINDOW_S,
            DAYS_KEPT,
        )
        return _taken(cast("list[int | bytes]", told), bounds)

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """See `MeterStore.settle`."""
        by_key: dict[str, list[Settlement]] = defaultdict(list)
        for one in settlements:
            by_key[one.key_id].append(one)
        await asyncio.gather(*(self._settle_all(key_id, some) for key_id, some in by_key.items()))

    async def renew(self, leases: Mapping[str, Sequence[str]]) -> None:
        """See `MeterStore.renew`."""
        runs = (
            self._renew.run((self._keys(key_id)[2],), self._now(), LEASE_MS, *names)
            for key_id, names in leases.items()
        )
        await asyncio.gather(*runs)

    async def spent(self, key_id: str) -> Spent:
        """See `MeterStore.spent`."""
        with self._link.doing(f"read what key {key_id!r} has spent"):
            done = self._link.client.hgetall(self._keys(key_id)[3])
            raw = await cast("Awaitable[dict[bytes, bytes]]", done)
        by_name = {name.decode(): int(value) for name, value in raw.items()}
        return Spent(all_nano_usd=by_name.pop("all", 0), by_day=by_name)

    async def forget(self, key_id: str) -> None:
        """See `MeterStore.forget`."""
        with self._link.doing(f"forget what key {key_id!r} has spent"):
            await self._link.client.delete(*self._keys(key_id)[:4])

    async def _settle_all(self, key_id: str, settlements: Sequence[Settlement]) -> None:
        """Settle those of one key by one run of the script."""
        keys = self._keys(key_id)[:4]
        holds = (self._keys(key_id, one.hold)[4] for one in settlements)
        ended: list[str | int] = []
        for one in settlements:
            ended += (one.lease, one.hold, one.tokens, one.nano_usd)
        await self._settle.run((*keys, *holds), self._now(), WINDOW_S, *ended)

    def _now(self) -> str:
        return "" if self._clock is None else str(int(self._clock() * 1000))

    def _keys(self, key_id: str, hold: str = "") -> tuple[str, str, str, str, str]:
        """Of one key all on one node, where Redis is several."""
        prefix = f"{self._link.prefix}meter:{{{key_id}}}:"
        names = ("requests", "tokens", "leases", "spent", f"hold:{hold}")
        return tuple(f"{prefix}{name}" for name in names)  # type: ignore[return-value]


def _bound(bound: int | None) -> int:
    return _NONE if bound is None else bound


def _taken(told: list[int | bytes], bounds: Bounds) -> Taken:
    refused, numbers = cast("bytes", told[0]).decode(), cast("list[int]", told[1:])
    available, retry_ms, now_ms, num_requests, requests_ms, num_tokens, tokens_ms = numbers
    if refused == "day" and retry_ms != _NONE:
        retry_ms = day_ends_ms(now_ms)
    return Taken(
        refused=cast("Kind", refused) if refused else None,
        available=available,
        retry_ms=None if retry_ms == _NONE else retry_ms,
        requests=left_of(bounds.requests, num_requests, requests_ms),
        tokens=left_of(bounds.tokens, num_tokens, tokens_ms),
    )

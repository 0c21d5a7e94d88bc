"""The store and the records in memory: for tests, and for trying things out without Redis."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from orchestrator.errors import StoreError
from orchestrator.store.records import DecisionRecord, StoredRecord


class MemoryStore:
    """A `Store` for one process; gone with it.

    Args:
        clock: seconds, monotonic, by which values expire.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._values: dict[str, tuple[bytes, float | None]] = {}
        self._subscribers: dict[str, set[asyncio.Queue[bytes | None]]] = {}
        self._is_closed = False

    async def get(self, key: str) -> bytes | None:
        """See `Store.get`."""
        self._check_open()
        value, expires_at_s = self._values.get(key, (None, None))
        if expires_at_s is not None and expires_at_s <= self._clock():
            del self._values[key]
            return None
        return value

    async def set(self, key: str, value: bytes, *, expires_s: float | None = None) -> None:
        """See `Store.set`."""
        self._check_open()
        expires_at_s = None if expires_s is None else self._clock() + checked_expiry(expires_s)
        self._values[key] = (value, expires_at_s)

    async def compare_and_set(self, key: str, *, expected: bytes | None, value: bytes) -> bool:
        """See `Store.compare_and_set`."""
        if await self.get(key) != expected:
            return False
        self._values[key] = (value, None)
        return True

    async def delete(self, key: str) -> bool:
        """See `Store.delete`."""
        had_value = await self.get(key) is not None
        self._values.pop(key, None)
        return had_value

    async def publish(self, channel: str, message: bytes) -> None:
        """See `Store.publish`."""
        self._check_open()
        for inbox in self._subscribers.get(channel, ()):
            inbox.put_nowait(message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """See `Store.subscribe`."""
        self._check_open()
        inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._subscribers.setdefault(channel, set()).add(inbox)
        try:
            yield self._messages(inbox)
        finally:
            self._subscribers[channel].discard(inbox)

    async def ping(self) -> None:
        """See `Store.ping`."""
        self._check_open()

    async def close(self) -> None:
        """See `Store.close`."""
        self._is_closed = True
        for inboxes in self._subscribers.values():
            for inbox in inboxes:
                inbox.put_nowait(None)

    async def _messages(self, inbox: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
        while (message := await inbox.get()) is not None:
            yield message
        self._check_open()

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreError("the store in memory is closed")


class MemoryRecords:
    """`Records` of one process, the newest `max_records` of them."""

    def __init__(self, *, max_records: int = 10_000) -> None:
        self._max_records = max_records
        self._record_by_id: OrderedDict[str, DecisionRecord] = OrderedDict()

    def put(self, record: DecisionRecord) -> None:
        """See `Records.put`; beyond the bound the oldest goes, as in Redis."""
        self._record_by_id.pop(record.request_id, None)
        self._record_by_id[record.request_id] = record
        if len(self._record_by_id) > self._max_records:
            self._record_by_id.popitem(last=False)

    async def recent(self, *, limit: int) -> list[StoredRecord]:
        """See `Records.recent`."""
        newest_first = list(reversed(self._record_by_id.values()))
        return list(newest_first[:limit])

    async def find(self, request_id: str) -> StoredRecord | None:
        """See `Records.find`."""
        return self._record_by_id.get(request_id)

    async def drained(self) -> None:
        """See `Records.drained`."""

    async def close(self) -> None:
        """See `Records.close`."""


def checked_expiry(expires_s: float) -> float:
    """`expires_s` if a value can live that long.

    Raises:
        ValueError: it is not positive.
    """
    if expires_s <= 0:
        raise ValueError(f"expires_s is {expires_s}; it must be more than 0")
    return expires_s

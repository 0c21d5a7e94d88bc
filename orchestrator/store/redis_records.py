"""Decision records in Redis: a bounded stream, and an index by request id that expires."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import cast

from orchestrator import metrics
from orchestrator.errors import StoreError
from orchestrator.store.ending import ended
from orchestrator.store.link import RedisLink
from orchestrator.store.records import DecisionRecord, StoredRecord, parse_record

_LOG = logging.getLogger(__name__)

#: KEYS: the stream. ARGV: its bound, the index's seconds, the prefix of index keys, then request
#: id and JSON of each record. What falls off the stream's end takes its index along.
_APPEND = """
local stream, prefix = KEYS[1], ARGV[3]
for i = 4, #ARGV, 2 do
  local place = redis.call('XADD', stream, '*', 'request', ARGV[i], 'record', ARGV[i + 1])
  redis.call('SET', prefix .. ARGV[i], place, 'EX', ARGV[2])
end
local num_over = redis.call('XLEN', stream) - tonumber(ARGV[1])
if num_over > 0 then
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', num_over)) do
    redis.call('DEL', prefix .. entry[2][2])
  end
  redis.call('XTRIM', stream, 'MAXLEN', ARGV[1])
end
return num_over
"""

#: An entry of the stream: its place, and its fields by name.
_Entry = tuple[bytes, dict[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLimits:
    """What is kept, where, and how hard is tried."""

    #: Records kept in Redis, the newest.
    max_records: int = 50_000
    #: How long a record can be found by its request id, seconds.
    retention_s: int = 7 * 24 * 3600
    #: Records that wait for Redis in this process; more are dropped.
    max_buffered: int = 10_000
    #: Records written at once.
    max_batch: int = 500
    #: What a record waits for others to be written with, seconds: a write takes about as much of a
    #: processor as a tenth of a request.
    together_s: float = 0.02
    #: Pause after a failed write, seconds.
    retry_s: float = 0.5
    #: What `close` waits for Redis to take the rest, seconds.
    close_s: float = 2.0


class RedisRecords:
    """`Records` on Redis: `put` buffers, one task writes in batches and outlives an outage.

    Args:
        link: the Redis, which others may share.
        limits: see `RecordLimits`.
    """

    def __init__(self, link: RedisLink, *, limits: RecordLimits | None = None) -> None:
        self._link = link
        self._limits = limits or RecordLimits()
        self._buffer: deque[DecisionRecord] = deque()
        self._filled, self._emptied = asyncio.Event(), asyncio.Event()
        self._emptied.set()
        self._writer: asyncio.Task[None] | None = None
        self._num_dropped = 0

    def start(self) -> None:
        """Begin to write; what was put before is written too."""
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_forever())

    def put(self, record: DecisionRecord) -> None:
        """See `Records.put`."""
        if len(self._buffer) >= self._limits.max_buffered:
            self._drop(1)
            return
        self._buffer.append(record)
        self._emptied.clear()
        self._filled.set()

    async def recent(self, *, limit: int) -> list[StoredRecord]:
        """See `Records.recent`."""
        with self._link.doing("read the latest records"):
            entries = await self._link.client.xrevrange(self._stream, count=limit)
        return _parsed(cast("list[_Entry]", entries))

    async def find(self, request_id: str) -> StoredRecord | None:
        """See `Records.find`."""
        with self._link.doing(f"find the record of request {request_id!r}"):
            place = await self._link.client.get(self._index(request_id))
            if place is None:
                return None
            entries = await self._link.client.xrange(self._stream, min=place, max=place)
        return next(iter(_parsed(cast("list[_Entry]", entries))), None)

    async def drained(self) -> None:
        """See `Records.drained`."""
        await self._emptied.wait()

    async def close(self) -> None:
        """See `Records.close`; the link stays open."""
        if self._writer is None:
            self._drop(len(self._buffer))
            return
        try:
            await asyncio.wait_for(self.drained(), self._limits.close_s)
        except TimeoutError:
            self._drop(len(self._buffer))
        await ended([self._writer])

    async def _write_forever(self) -> None:
        while True:
            await self._filled.wait()
            if len(self._buffer) < self._limits.max_batch:
                await asyncio.sleep(self._limits.together_s)
            batch = list(islice(self._buffer, self._limits.max_batch))
            try:
                await self._append(batch)
            except StoreError as error:
                _LOG.warning("%d decision records wait for the store: %s", len(self._buffer), error)
                await asyncio.sleep(self._limits.retry_s)
            else:
                self._written(len(batch))

    async def _append(self, batch: Sequence[DecisionRecord]) -> None:
        """Write a batch in one step, so that no record is in the stream without its index."""
        bounds = (self._limits.max_records, self._limits.retention_s)
        pairs = [(record.request_id, record.model_dump_json()) for record in batch]
        arguments: list[str | int] = [*bounds, self._index(""), *chain.from_iterable(pairs)]
        with self._link.doing(f"write {len(batch)} decision records"):
            done = self._link.once.eval(_APPEND, 1, self._stream, *arguments)
            await cast("Awaitable[int]", done)

    def _written(self, num_records: int) -> None:
        for _ in range(num_records):
            self._buffer.popleft()
        if self._num_dropped:
            _LOG.warning("the store is back; %d decision records were dropped", self._num_dropped)
            self._num_dropped = 0
        if not self._buffer:
            self._filled.clear()
            self._emptied.set()

    def _drop(self, num_records: int) -> None:
        if num_records and not self._num_dropped:
            _LOG.error(
                "decision records are dropped: %d wait for the store, the most kept",
                len(self._buffer),
            )
        self._num_dropped += num_records
        metrics.RECORDS_DROPPED.inc(num_records)

    @property
    def _stream(self) -> str:
        return f"{self._link.prefix}records"

    def _index(self, request_id: str) -> str:
        return f"{self._link.prefix}record:{request_id}"


def _parsed(entries: Sequence[_Entry]) -> list[StoredRecord]:
    return [parse_record(fields[b"record"]) for _, fields in entries]

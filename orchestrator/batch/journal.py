"""What came of a batch's lines, stored before it is counted."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from orchestrator.batch.batch import RequestCounts
from orchestrator.batch.line import LineResult
from orchestrator.batch.merging import Segments
from orchestrator.batch.result_lines import result_line
from orchestrator.batch.segments import Record, records_of, segment
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage import Storage
from orchestrator.errors import NotStoredError, StorageError

_LOG = logging.getLogger(__name__)
#: Of a line.
_LEFT, _OK, _FAULTY = 0, 1, 2


@dataclass(slots=True)
class _Group:
    """Results that are stored together."""

    records: list[Record] = field(default_factory=list)
    stored: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def lose(self) -> None:
        """Tell whoever waits that nothing of it was stored."""
        if not self.stored.done():
            self.stored.set_exception(StorageError("results were let go before they were stored"))
            # Nobody may be waiting any more.
            self.stored.exception()


class Journal:
    """A `Sink` of one batch: results are stored in groups, and whoever brings them waits.

    While the storage is away or full, nothing is counted and everybody waits.

    Args:
        storage: where segments lie.
        batch_id: whose.
        writer: in the names of segments, for whoever looks at them.
        num_lines: of the batch.
        settings: how large and how late a group may be.
    """

    def __init__(
        self,
        storage: Storage,
        batch_id: str,
        *,
        writer: str,
        num_lines: int,
        settings: BatchSettings,
    ) -> None:
        self._storage = storage
        self._id = batch_id
        self._settings = settings
        self._segments = Segments(
            storage, batch_id, writer=writer, merge_at=settings.merge_segments
        )
        self._state = np.zeros(num_lines, dtype=np.uint8)
        #: Lines by their state.
        self._num = {_OK: 0, _FAULTY: 0}
        #: That is filled, and that is on its way to the storage.
        self._group, self._leaving = _Group(), _Group()
        self._has_some, self._has_many = asyncio.Event(), asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        #: Why nothing is stored at the moment; `None` while it is.
        self.obstacle: str | None = None

    @property
    def counts(self) -> RequestCounts:
        """Lines by what is stored of them."""
        return RequestCounts(
            total=len(self._state), completed=self._num[_OK], failed=self._num[_FAULTY]
        )

    @property
    def has_unstored(self) -> bool:
        """Whether results are on their way to the storage."""
        return any(group.records for group in (self._leaving, self._group))

    @property
    def left(self) -> npt.NDArray[np.int64]:
        """Places that have no result."""
        return np.flatnonzero(self._state == _LEFT)

    async def load(self) -> None:
        """Read what was stored before, and begin to take results.

        Raises:
            StorageError: it cannot be read now, or a later version wrote it.
        """
        for path in await self._segments.load():
            with suppress(NotStoredError):
                async for record in records_of(self._storage, path):
                    self._count(record)
        self._writing = asyncio.create_task(self._write(), name=f"results of {self._id}")

    async def put(self, result: LineResult) -> None:
        """See `Sink.put`; a second result of a line is left aside."""
        if self._writing is None or self._writing.done():
            raise StorageError(f"batch {self._id!r} takes no results any more")
        if self._state[result.place] != _LEFT:
            return
        group = self._group
        group.records.append(
            Record(place=result.place, is_ok=result.fault is None, line=result_line(result))
        )
        self._has_some.set()
        if len(group.records) >= self._settings.commit_lines:
            self._has_many.set()
        await asyncio.shield(group.stored)

    async def flush(self) -> None:
        """Wait until everything that was brought is stored, however long the storage is away."""
        for group in (self._leaving, self._group):
            if group.records:
                self._has_many.set()
                await asyncio.shield(group.stored)

    async def close(self) -> None:
        """Take nothing more; what cannot be stored soon is lost, and was not counted."""
        if self._writing is None:
            return
        with suppress(TimeoutError, StorageError):
            async with asyncio.timeout(0 if self.obstacle else self._settings.closing_s):
                await self.flush()
        self._writing.cancel()
        await asyncio.wait([self._writing])

    async def _write(self) -> None:
        try:
            while True:
                await self._has_some.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._settings.commit_s):
                        await self._has_many.wait()
                await self._commit()
        finally:
            self._leaving.lose()
            self._group.lose()

    async def _commit(self) -> None:
        group = self._leaving = self._group
        self._group = _Group()
        self._has_some.clear()
        self._has_many.clear()
        await self._store(segment(group.records))
        for record in group.records:
            self._count(record)
        group.stored.set_result(None)
        self._leaving = _Group()
        await self._segments.merge()

    async def _store(self, data: bytes) -> None:
        """Store a segment, as often as it takes."""
        wait_s = self._settings.retry_s
        while True:
            try:
                await self._segments.add(data)
            except StorageError as error:
                if self.obstacle is None:
                    _LOG.warning("batch %s waits, results cannot be stored: %s", self._id, error)
                self.obstacle = error.message
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, self._settings.max_retry_s)
            else:
                self.obstacle = None
                return

    def _count(self, record: Record) -> None:
        """The first result of a line counts; a place that is none is of another file."""
        if record.place < len(self._state) and self._state[record.place] == _LEFT:
            state = _OK if record.is_ok else _FAULTY
            self._state[record.place] = state
            self._num[state] += 1

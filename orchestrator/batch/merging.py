"""The segments of a batch, few however long it runs: many small ones become one larger."""

from __future__ import annotations

import logging
import secrets
from collections import defaultdict

from orchestrator.batch import places
from orchestrator.batch.segments import head, records_of, spelled, split_names
from orchestrator.batch.storage import Storage, Writing
from orchestrator.errors import StorageError

_LOG = logging.getLogger(__name__)
#: Written at a time, bytes.
_PIECE_BYTES = 2**20


class Segments:
    """Names and numbers of a batch's segments.

    Args:
        storage: where they lie.
        batch_id: whose.
        writer: in the names of those written here, for whoever looks at them.
        merge_at: so many of one level become one of the next.
    """

    def __init__(self, storage: Storage, batch_id: str, *, writer: str, merge_at: int) -> None:
        self._storage = storage
        self._folder = places.results(batch_id)
        # One process may open the same batch again, and counts from 1 each time.
        self._writer = f"{writer}-{secrets.token_hex(4)}"
        self._merge_at = merge_at
        self._paths: dict[int, list[str]] = defaultdict(list)
        self._num_written = 0

    async def load(self) -> list[str]:
        """All that are there, in the order in which their results count."""
        found = await segment_paths(self._storage, self._folder)
        for level, path in split_names(found):
            self._paths[level].append(path)
        return found

    async def add(self, data: bytes) -> None:
        """Store one; returns when it is there for good.

        Raises:
            StorageError: it is not.
        """
        path = self._next(0)
        await self._storage.write(path, data)
        self._paths[0].append(path)

    async def merge(self) -> None:
        """Make one of many where there are many; where it cannot be done now, it is done later."""
        for level in sorted(self._paths):
            if len(self._paths[level]) >= self._merge_at:
                try:
                    await self._merge(level)
                except StorageError as error:
                    _LOG.info("segments in %s stay as they are: %s", self._folder, error)

    async def _merge(self, level: int) -> None:
        sources = self._paths[level][: self._merge_at]
        path = self._next(level + 1)
        writing = await self._storage.open_write(path)
        try:
            await self._copy(sources, writing)
            await writing.commit()
        finally:
            await writing.abort()
        self._paths[level + 1].append(path)
        self._paths[level] = self._paths[level][self._merge_at :]
        for source in sources:
            await self._storage.delete(source)

    async def _copy(self, sources: list[str], writing: Writing) -> None:
        piece = bytearray(head())
        for source in sources:
            async for record in records_of(self._storage, source):
                piece += spelled(record)
                if len(piece) >= _PIECE_BYTES:
                    await writing.write(bytes(piece))
                    piece.clear()
        await writing.write(bytes(piece))

    def _next(self, level: int) -> str:
        """A name that nobody has used: numbers that are lost with a try are not used again."""
        self._num_written += 1
        return f"{self._folder}/{level}-{self._writer}-{self._num_written:08d}.segment"


async def segment_paths(storage: Storage, folder: str) -> list[str]:
    """All segments of a folder, in the order in which their results count."""
    found = [one.path for one in await storage.list(folder)]
    return [path for _, path in split_names(found)]

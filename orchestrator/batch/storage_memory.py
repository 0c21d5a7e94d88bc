"""A storage in memory: for tests, and for work in one process that nobody needs afterwards."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable

from orchestrator.batch.storage import (
    CHUNK_BYTES,
    Listing,
    StoredObject,
    Writing,
    checked,
    is_below,
)
from orchestrator.errors import NotStoredError, StorageError, StorageFullError


class MemoryStorage:
    """A `Storage` for one process; gone with it.

    Args:
        max_bytes: room for all objects, those under way included; can be changed, as disks are.
        clock: Unix time, seconds.
    """

    def __init__(
        self, *, max_bytes: int | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.max_bytes = max_bytes
        #: Whether it answers; a test takes it away and brings it back.
        self.is_away = False
        self._clock = clock
        self._objects: dict[str, tuple[bytes, float]] = {}
        self._under_way: set[MemoryWriting] = set()

    @property
    def num_bytes(self) -> int:
        """That it holds, with what is under way."""
        written = sum(len(data) for data, _ in self._objects.values())
        return written + sum(len(writing.data) for writing in self._under_way)

    async def write(self, path: str, data: bytes) -> None:
        """See `Storage.write`."""
        checked(path)
        self.take(path, len(data))
        self._objects[path] = (bytes(data), self._clock())

    async def open_write(self, path: str) -> Writing:
        """See `Storage.open_write`."""
        self._check(path)
        writing = MemoryWriting(self, checked(path))
        self._under_way.add(writing)
        return writing

    async def read(self, path: str) -> bytes:
        """See `Storage.read`."""
        return self._found(path)

    async def read_range(self, path: str, *, start: int, length: int) -> bytes:
        """See `Storage.read_range`."""
        return self._found(path)[start : start + length]

    async def stream(
        self, path: str, *, start: int = 0, chunk_bytes: int = CHUNK_BYTES
    ) -> AsyncGenerator[bytes, None]:
        """See `Storage.stream`."""
        data = self._found(path)
        for begin in range(start, len(data), chunk_bytes):
            yield data[begin : begin + chunk_bytes]

    async def list(self, prefix: str = "") -> Listing:
        """See `Storage.list`."""
        self._check(prefix)
        return [
            StoredObject(path=path, num_bytes=len(data), modified_s=modified_s)
            for path, (data, modified_s) in sorted(self._objects.items())
            if is_below(path, prefix)
        ]

    async def size(self, path: str) -> int:
        """See `Storage.size`."""
        return len(self._found(path))

    async def delete(self, path: str) -> bool:
        """See `Storage.delete`."""
        self._check(path)
        return self._objects.pop(checked(path), None) is not None

    async def delete_folder(self, prefix: str) -> None:
        """See `Storage.delete_folder`."""
        self._check(prefix)
        for path in [path for path in self._objects if is_below(path, checked(prefix))]:
            del self._objects[path]

    async def sweep(self, *, older_than_s: float) -> int:
        """See `Storage.sweep`: what is under way here has its writer."""
        return 0

    def take(self, path: str, num_bytes: int) -> None:
        """Make sure that there is room for more.

        Raises:
            StorageFullError: there is none.
        """
        self._check(path)
        if self.max_bytes is not None and self.num_bytes + num_bytes > self.max_bytes:
            raise StorageFullError(
                f"no room for {path!r}: the storage holds {self.num_bytes} of {self.max_bytes} "
                "bytes; delete files"
            )

    def end(self, writing: MemoryWriting, *, is_kept: bool) -> None:
        """Let an object under way become one, or nothing."""
        if writing in self._under_way:
            self._under_way.discard(writing)
            if is_kept:
                self._objects[writing.path] = (bytes(writing.data), self._clock())

    def _found(self, path: str) -> bytes:
        self._check(path)
        if checked(path) not in self._objects:
            raise NotStoredError(f"{path!r} is not in the storage")
        return self._objects[path][0]

    def _check(self, path: str) -> None:
        if self.is_away:
            raise StorageError(f"the storage does not answer for {path!r}")


class MemoryWriting:
    """See `Writing`."""

    def __init__(self, storage: MemoryStorage, path: str) -> None:
        self.path = path
        self.data = bytearray()
        self._storage = storage

    async def write(self, data: bytes) -> None:
        """See `Writing.write`."""
        self._storage.take(self.path, len(data))
        self.data.extend(data)

    async def commit(self) -> None:
        """See `Writing.commit`."""
        self._storage.take(self.path, 0)
        self._storage.end(self, is_kept=True)

    async def abort(self) -> None:
        """See `Writing.abort`."""
        self._storage.end(self, is_kept=False)

"""A file of a storage that is read piece by piece, in threads."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

from orchestrator.batch.storage_faults import translated
from orchestrator.batch.storage_threads import StorageThreads


async def pieces(
    threads: StorageThreads,
    opened: Callable[[], Any],
    path: str,
    *,
    start: int,
    chunk_bytes: int,
) -> AsyncGenerator[bytes, None]:
    """A file from `start` to its end.

    Args:
        threads: to read in.
        opened: opens it; called in a thread.
        path: as errors name it.
        start: bytes that are left out.
        chunk_bytes: most of one piece.
    """
    reading = await threads.run(_Reading, opened, path, start)
    try:
        while chunk := await threads.run(reading.read, chunk_bytes):
            yield chunk
    finally:
        threads.leave(reading.close)


class _Reading:
    """One lock: a reader that is cancelled leaves a thread behind."""

    def __init__(self, opened: Callable[[], Any], path: str, start: int) -> None:
        self._path = path
        self._lock = threading.Lock()
        with translated(path):
            self._file = opened()
            if start:
                self._file.seek(start)

    def read(self, num_bytes: int) -> bytes:
        with self._lock, translated(self._path):
            return bytes(self._file.read(num_bytes))

    def close(self) -> None:
        with self._lock:
            self._file.close()

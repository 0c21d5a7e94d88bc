"""An object on its way, whose writer blocks: in threads, one step at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol, TypeVarTuple

from orchestrator.batch.storage_threads import StorageThreads

Ts = TypeVarTuple("Ts")


class BlockingWriter(Protocol):
    """Writes aside, then moves into place; errors are of our tree."""

    def append(self, data: bytes) -> None:
        """Write on."""
        ...

    def put(self) -> None:
        """Make it visible."""
        ...

    def drop(self) -> None:
        """Forget it; of no effect after `put`, and never raises."""
        ...


class ThreadedWriting:
    """See `Writing`. One lock: a writer that is cancelled leaves a thread behind.

    Args:
        threads: to write in.
        writer: what writes.
    """

    def __init__(self, threads: StorageThreads, writer: BlockingWriter) -> None:
        self._threads = threads
        self._writer = writer
        self._lock = threading.Lock()

    async def write(self, data: bytes) -> None:
        """See `Writing.write`."""
        await self._threads.run(self._step, self._writer.append, data)

    async def commit(self) -> None:
        """See `Writing.commit`."""
        await self._threads.run(self._step, self._writer.put)

    async def abort(self) -> None:
        """See `Writing.abort`."""
        await asyncio.shield(self._threads.run(self._step, self._writer.drop))

    def _step(self, step: Callable[[*Ts], None], *arguments: *Ts) -> None:
        with self._lock:
            step(*arguments)

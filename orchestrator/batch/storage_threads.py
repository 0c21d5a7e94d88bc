"""Threads of a storage: one that is slow holds up nobody else in the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

#: What reads and writes at the same time, files under way included.
_MAX_THREADS = 16
Ts = TypeVarTuple("Ts")
R = TypeVar("R")


class StorageThreads:
    """Runs what blocks; they are started as needed and end with whoever holds this."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="storage")

    async def run(self, work: Callable[[*Ts], R], *arguments: *Ts) -> R:
        """What a call returns; it goes on in its thread where its caller is cancelled."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def leave(self, work: Callable[[], object]) -> None:
        """Have a call made, whatever comes of it."""
        self._pool.submit(work)

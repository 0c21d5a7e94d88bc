"""Brings files into the page cache: the effect behind `residency/prefetch.py`, and a double."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from orchestrator.engines.file_cache import cached_share, drop

#: Read between two looks at whether it is still wanted, bytes: some milliseconds of a disk.
_CHUNK = 4 * 2**20
#: Share from which files count as being there: a load reads the rest as it goes.
_THERE = 0.95
#: Nice value of the reader: what computes goes first, on the processor and at the disk.
_NICE = 19


class ReadAhead(Protocol):
    """Files on their way into the page cache, those of one expert at a time."""

    async def bring(self, files: Sequence[Path]) -> int:
        """Read what is not there; cancelled, it ends within a chunk.

        Returns:
            Bytes that were read: 0 where all was there.

        Raises:
            OSError: a file cannot be read.
        """
        ...

    async def release(self, files: Sequence[Path]) -> None:
        """Give back what `bring` has read and nobody used."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class PageCache:
    """`ReadAhead` on this machine's kernel: one thread of the lowest priority."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read-ahead", initializer=_yield)

    async def bring(self, files: Sequence[Path]) -> int:
        """See `ReadAhead.bring`."""
        given_up = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, read, files, given_up.is_set)
        finally:
            given_up.set()

    async def release(self, files: Sequence[Path]) -> None:
        """See `ReadAhead.release`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, _release, files)

    def close(self) -> None:
        """See `ReadAhead.close`."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class FakeReadAhead:
    """`ReadAhead` without files: notes what it is asked, and reads as fast as a test lets it."""

    def __init__(self) -> None:
        self.brought: list[tuple[Path, ...]] = []
        self.released: list[tuple[Path, ...]] = []
        self.given_up: list[tuple[Path, ...]] = []
        self.failure: OSError | None = None
        #: Set once it was asked for something.
        self.begun = asyncio.Event()
        #: Set while reading is quick.
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_closed = False

    async def bring(self, files: Sequence[Path]) -> int:
        """See `ReadAhead.bring`."""
        self.begun.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.given_up.append(tuple(files))
            raise
        if self.failure is not None:
            raise self.failure
        self.brought.append(tuple(files))
        return 1

    async def release(self, files: Sequence[Path]) -> None:
        """See `ReadAhead.release`."""
        self.released.append(tuple(files))

    def close(self) -> None:
        """See `ReadAhead.close`."""
        self.is_closed = True


def read(files: Sequence[Path], is_given_up: Callable[[], bool]) -> int:
    """Read files through once, unless they are in the page cache; returns the bytes read.

    Reading, not `POSIX_FADV_WILLNEED`: the kernel takes that as a hint, cuts it short, and says
    neither when it is done nor how to end it.
    """
    share = cached_share(files)
    if share is not None and share >= _THERE:
        return 0
    buffer, done = bytearray(_CHUNK), 0
    for path in files:
        with path.open("rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            while not is_given_up() and (got := file.readinto(buffer)):
                done += got
    return done


def _release(files: Sequence[Path]) -> None:
    with contextlib.suppress(OSError):  # a file that is gone takes no room
        drop(files)


def _yield() -> None:
    """Make this thread give way; on Linux a nice value is of one thread."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)

"""A storage in a folder of this machine: whole files, in place before anybody is told so."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from orchestrator.batch.storage import CHUNK_BYTES, PARTIAL, Listing, StoredObject, Writing, checked
from orchestrator.batch.storage_faults import translated
from orchestrator.batch.storage_reading import pieces
from orchestrator.batch.storage_threads import StorageThreads
from orchestrator.batch.storage_writing import ThreadedWriting


class FolderStorage:
    """A `Storage` of files; several processes may share it.

    Args:
        root: made when something is first written.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._threads = StorageThreads()

    async def write(self, path: str, data: bytes) -> None:
        """See `Storage.write`."""
        await self._threads.run(self._write, checked(path), data)

    async def open_write(self, path: str) -> Writing:
        """See `Storage.open_write`."""
        writer = await self._threads.run(self._writer, checked(path))
        return ThreadedWriting(self._threads, writer)

    async def read(self, path: str) -> bytes:
        """See `Storage.read`."""
        return await self._threads.run(self._read, checked(path))

    async def read_range(self, path: str, *, start: int, length: int) -> bytes:
        """See `Storage.read_range`."""
        return await self._threads.run(self._read, checked(path), start, length)

    def stream(
        self, path: str, *, start: int = 0, chunk_bytes: int = CHUNK_BYTES
    ) -> AsyncGenerator[bytes, None]:
        """See `Storage.stream`."""
        opened = partial(self._place(checked(path)).open, "rb", buffering=0)
        return pieces(self._threads, opened, path, start=start, chunk_bytes=chunk_bytes)

    async def list(self, prefix: str = "") -> Listing:
        """See `Storage.list`."""
        return await self._threads.run(self._list, prefix and checked(prefix))

    async def size(self, path: str) -> int:
        """See `Storage.size`."""
        place = self._place(checked(path))
        with translated(path):
            return (await self._threads.run(place.stat)).st_size

    async def delete(self, path: str) -> bool:
        """See `Storage.delete`."""
        return await self._threads.run(self._delete, checked(path))

    async def delete_folder(self, prefix: str) -> None:
        """See `Storage.delete_folder`."""
        folder = self._place(checked(prefix))
        with translated(prefix), suppress(FileNotFoundError):
            await self._threads.run(shutil.rmtree, folder)

    async def sweep(self, *, older_than_s: float) -> int:
        """See `Storage.sweep`."""
        return await self._threads.run(self._sweep, time.time() - older_than_s)

    def _place(self, path: str) -> Path:
        return self._root / path

    def _write(self, path: str, data: bytes) -> None:
        writer = self._writer(path)
        try:
            writer.append(data)
            writer.put()
        finally:
            writer.drop()

    def _writer(self, path: str) -> _FolderWriter:
        with translated(path):
            aside = self._root / PARTIAL / f"{secrets.token_hex(16)}.part"
            _make_folder(aside.parent)
            return _FolderWriter(aside, self._place(path), path)

    def _read(self, path: str, start: int = 0, length: int = -1) -> bytes:
        with translated(path), self._place(path).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def _list(self, prefix: str) -> Listing:
        with translated(prefix):
            found = [
                StoredObject(
                    path=file.relative_to(self._root).as_posix(),
                    num_bytes=seen.st_size,
                    modified_s=seen.st_mtime,
                )
                for file, seen in _files(self._place(prefix))
            ]
        return sorted(found, key=lambda one: one.path)

    def _delete(self, path: str) -> bool:
        with translated(path):
            try:
                self._place(path).unlink()
            except FileNotFoundError:
                return False
            return True

    def _sweep(self, before_s: float) -> int:
        folder = self._root / PARTIAL
        old: list[Path] = []
        with translated(PARTIAL), suppress(FileNotFoundError):
            old = [one for one in folder.iterdir() if _modified_s(one) < before_s]
            for one in old:
                one.unlink(missing_ok=True)
        return len(old)


class _FolderWriter:
    """See `BlockingWriter`."""

    def __init__(self, aside: Path, place: Path, path: str) -> None:
        self._aside = aside
        self._place = place
        self._path = path
        self._file = aside.open("xb", buffering=0)

    def append(self, data: bytes) -> None:
        with translated(self._path):
            left = memoryview(data)
            while left:
                # Unbuffered writes may take less than they are given: the last before a full disk.
                left = left[self._file.write(left) or 0 :]

    def put(self) -> None:
        with translated(self._path):
            os.fsync(self._file.fileno())
            _make_folder(self._place.parent)
            self._aside.replace(self._place)
            _sync_folder(self._place.parent)
            self._file.close()

    def drop(self) -> None:
        with suppress(OSError):
            self._file.close()
            self._aside.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Those below a folder, but for what is being written; files may go meanwhile."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                with suppress(FileNotFoundError):
                    yield Path(entry.path), entry.stat()


def _modified_s(file: Path) -> float:
    with suppress(FileNotFoundError):
        return file.stat().st_mtime
    return 0.0


def _make_folder(folder: Path) -> None:
    """Make a folder that outlives a power cut, as the files in it do."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

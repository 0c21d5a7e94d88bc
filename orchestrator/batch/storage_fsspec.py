"""A storage by URL: anything that fsspec knows; several machines may share it."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from orchestrator.batch.storage import CHUNK_BYTES, PARTIAL, Listing, StoredObject, Writing, checked
from orchestrator.batch.storage_faults import translated
from orchestrator.batch.storage_reading import pieces
from orchestrator.batch.storage_threads import StorageThreads
from orchestrator.batch.storage_writing import ThreadedWriting
from orchestrator.errors import StorageError

#: What filesystems call the time of the last change.
_MODIFIED = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")


class FsspecStorage:
    """A `Storage` on a filesystem of fsspec.

    What comes in pieces is written under another name and moved, for which object stores copy and
    delete on their side: what a writer leaves when it is killed is never taken for an object.

    Args:
        files: the filesystem.
        root: the folder in it.
        is_object_store: whether it has no folders, and shows an object once all of it is there.
    """

    def __init__(self, files: Any, root: str, *, is_object_store: bool = False) -> None:
        self._files = files
        self._root = root.rstrip("/")
        self._is_object_store = is_object_store
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
        return await self._threads.run(self._read, checked(path), 0, None)

    async def read_range(self, path: str, *, start: int, length: int) -> bytes:
        """See `Storage.read_range`."""
        return await self._threads.run(self._read, checked(path), start, length)

    def stream(
        self, path: str, *, start: int = 0, chunk_bytes: int = CHUNK_BYTES
    ) -> AsyncGenerator[bytes, None]:
        """See `Storage.stream`."""
        opened = partial(self._open, checked(path))
        return pieces(self._threads, opened, path, start=start, chunk_bytes=chunk_bytes)

    async def list(self, prefix: str = "") -> Listing:
        """See `Storage.list`."""
        return await self._threads.run(self._list, prefix and checked(prefix))

    async def size(self, path: str) -> int:
        """See `Storage.size`."""
        return await self._threads.run(self._size, checked(path))

    async def delete(self, path: str) -> bool:
        """See `Storage.delete`."""
        return await self._threads.run(self._delete, checked(path))

    async def delete_folder(self, prefix: str) -> None:
        """See `Storage.delete_folder`."""
        for one in await self.list(prefix):
            await self.delete(one.path)

    async def sweep(self, *, older_than_s: float) -> int:
        """See `Storage.sweep`."""
        return await self._threads.run(self._sweep, time.time() - older_than_s)

    def _place(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _write(self, path: str, data: bytes) -> None:
        if self._is_object_store:
            with translated(path):
                self._files.pipe_file(self._place(path), data)
            return
        writer = self._writer(path)
        try:
            writer.append(data)
            writer.put()
        finally:
            writer.drop()

    def _writer(self, path: str) -> _FsspecWriter:
        with translated(path):
            aside = self._place(f"{PARTIAL}/{secrets.token_hex(16)}.part")
            self._make_folders(aside, self._place(path))
            return _FsspecWriter(self._files, aside, self._place(path), path)

    def _make_folders(self, *places: str) -> None:
        if not self._is_object_store:
            for place in places:
                self._files.makedirs(place.rpartition("/")[0], exist_ok=True)

    def _read(self, path: str, start: int, length: int | None) -> bytes:
        size = self._size(path)
        with translated(path):
            end = size if length is None else min(size, start + length)
            if start >= end:
                return b""
            if start:
                return bytes(self._files.cat_file(self._place(path), start=start, end=end))
            # pyarrow's opens what is read from its beginning as a stream, which knows no end.
            with self._files.open(self._place(path), "rb") as file:
                return bytes(file.read(end))

    def _open(self, path: str) -> Any:
        self._files.invalidate_cache()
        return self._files.open(self._place(path), "rb")

    def _list(self, prefix: str) -> Listing:
        with translated(prefix):
            found = self._find(self._place(prefix))
            hidden = self._place(f"{PARTIAL}/")
            return sorted(
                (
                    StoredObject(
                        path=self._relative(path),
                        num_bytes=int(seen.get("size") or 0),
                        modified_s=_modified_s(seen),
                    )
                    for path, seen in found.items()
                    if not path.startswith(hidden)
                ),
                key=lambda one: one.path,
            )

    def _find(self, place: str) -> dict[str, Any]:
        self._files.invalidate_cache()
        try:
            found: dict[str, Any] = self._files.find(place, detail=True)
        except FileNotFoundError:
            return {}
        return {path: seen for path, seen in found.items() if path != place}

    def _relative(self, path: str) -> str:
        return path.removeprefix(self._root).strip("/")

    def _size(self, path: str) -> int:
        with translated(path):
            self._files.invalidate_cache()
            seen = self._files.info(self._place(path))
            if seen["type"] != "file":
                raise FileNotFoundError(path)
            return int(seen["size"])

    def _delete(self, path: str) -> bool:
        with translated(path):
            try:
                self._files.invalidate_cache()
                self._files.info(self._place(path))
                self._files.rm_file(self._place(path))
            except FileNotFoundError:
                return False
            return True

    def _sweep(self, before_s: float) -> int:
        with translated(PARTIAL):
            found = self._find(self._place(PARTIAL))
            old = [path for path, seen in found.items() if (_modified_s(seen) or 0.0) < before_s]
            for path in old:
                with suppress(FileNotFoundError):
                    self._files.rm_file(path)
        return len(old)


class _FsspecWriter:
    """See `BlockingWriter`."""

    def __init__(self, files: Any, aside: str, place: str, path: str) -> None:
        self._files = files
        self._aside = aside
        self._place = place
        self._path = path
        self._is_over = False
        self._file = files.open(aside, "wb")

    def append(self, data: bytes) -> None:
        with translated(self._path):
            self._file.write(data)

    def put(self) -> None:
        with translated(self._path):
            self._file.close()
            self._files.mv(self._aside, self._place)
            self._is_over = True

    def drop(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        # What cannot be taken away now is swept later.
        with suppress(StorageError), translated(self._path):
            self._file.close()
        with suppress(StorageError), translated(self._path):
            self._files.rm_file(self._aside)


def _modified_s(seen: dict[str, Any]) -> float | None:
    found = next((seen[name] for name in _MODIFIED if seen.get(name)), None)
    if isinstance(found, datetime):
        return found.timestamp()
    return float(found) if isinstance(found, int | float) else None

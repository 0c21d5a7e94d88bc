"""Where files of batches lie: whole objects under relative paths, in a folder or by any URL."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

#: Of a stream, where nobody asks for other pieces.
CHUNK_BYTES = 256 * 1024
#: Below the root, what is being written; never listed.
PARTIAL = ".partial"
_PART = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,199}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object of a listing."""

    path: str
    num_bytes: int
    #: Unix time, seconds; `None` where the storage does not say.
    modified_s: float | None = None


Listing = list[StoredObject]


class Writing(Protocol):
    """An object on its way; nobody sees it before `commit`."""

    async def write(self, data: bytes) -> None:
        """Append; returns when the storage has taken it, so that whoever sends waits.

        Raises:
            StorageError: it cannot be written.
        """
        ...

    async def commit(self) -> None:
        """Make it visible, whole, in the place of what was there; it outlives a power cut.

        Raises:
            StorageError: it cannot be stored; nothing of it is there.
        """
        ...

    async def abort(self) -> None:
        """Forget it; of no effect after `commit`, and never raises."""
        ...


class Storage(Protocol):
    """Objects by path, `batches/batch_1/output.jsonl`.

    Paths are relative: names of letters, digits, `.`, `_`, `=` and `-` that do not begin with a
    point, joined by `/`. Every method raises `StorageError` while the storage does not answer.
    """

    async def write(self, path: str, data: bytes) -> None:
        """Store an object at once: a reader finds all of it, or what was there before.

        Raises:
            StorageFullError: there is no room; nothing of it is kept.
        """
        ...

    async def open_write(self, path: str) -> Writing:
        """Begin an object that comes in pieces."""
        ...

    async def read(self, path: str) -> bytes:
        """All of an object.

        Raises:
            NotStoredError: there is none.
        """
        ...

    async def read_range(self, path: str, *, start: int, length: int) -> bytes:
        """Bytes from `start`: `length` of them, fewer where the object ends sooner.

        Raises:
            NotStoredError: there is none.
        """
        ...

    def stream(
        self, path: str, *, start: int = 0, chunk_bytes: int = CHUNK_BYTES
    ) -> AsyncGenerator[bytes, None]:
        """An object from `start` to its end in pieces of at most `chunk_bytes`.

        Raises:
            NotStoredError: there is none; at the first piece.
        """
        ...

    async def list(self, prefix: str = "") -> Listing:
        """The objects below a folder, in the order of their paths; empty where it is not there."""
        ...

    async def size(self, path: str) -> int:
        """Bytes of an object.

        Raises:
            NotStoredError: there is none.
        """
        ...

    async def delete(self, path: str) -> bool:
        """Remove an object; whether there was one."""
        ...

    async def delete_folder(self, prefix: str) -> None:
        """Remove all objects below a folder."""
        ...

    async def sweep(self, *, older_than_s: float) -> int:
        """Remove what writers that were killed left unfinished; how much that was."""
        ...


def checked(path: str) -> str:
    """A path that stays below the root.

    Raises:
        ValueError: it is not one; paths are ours, so this is a fault of the code.
    """
    if len(path) > 1000 or not all(_PART.fullmatch(part) for part in path.split("/")):
        raise ValueError(
            f"{path[:200]!r} is no path of a storage: names of letters, digits, '.', '_', '=' and "
            "'-' that do not begin with a point, joined by '/'"
        )
    return path


def is_below(path: str, prefix: str) -> bool:
    """Whether an object lies below a folder; everything is below the empty one."""
    return not prefix or path.startswith(f"{prefix}/")

"""Folders by URL: of this machine, of S3, or of whatever fsspec has a driver for."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow import fs

from orchestrator.batch.filesystems import filesystem_of, local_path
from orchestrator.errors import StorageError, StorageFullError

#: Where files are while they are written: whoever reads a folder meets none of them.
PARTIAL = ".partial"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of a folder."""

    #: From the folder, with `/` between its parts.
    path: str
    num_bytes: int
    #: Nanoseconds; what was written anew has another one.
    changed_ns: int


class Folder:
    """Reads and writes whole files; a file that is seen is complete.

    It travels between processes as its URL.

    Args:
        url: a path, or `s3://bucket/path`, or a URL of another protocol of fsspec.

    Raises:
        SetupError: the URL is of no known protocol.
        MissingExtraError: its protocol's package is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") or "/"
        self._files, self._base = _opened(self.url)
        self._is_local = isinstance(self._files, fs.LocalFileSystem)

    def __reduce__(self) -> tuple[type[Folder], tuple[str]]:
        return Folder, (self.url,)

    def __truediv__(self, name: str) -> Folder:
        return Folder(f"{self.url}/{name}")

    @property
    def local_path(self) -> Path | None:
        """Where it is on this machine; `None` of a folder that is elsewhere."""
        return Path(self._base) if self._is_local else None

    def is_file(self) -> bool:
        """Whether the URL is that of a file."""
        with _told(f"{self.url!r} cannot be looked at"):
            return bool(self._files.get_file_info(self._base).is_file)

    def has(self, path: str) -> bool:
        """Whether there is a file of this path."""
        with _told(f"{self._name(path)} cannot be looked at"):
            return bool(self._files.get_file_info(self._at(path)).is_file)

    def entries(self, prefix: str = "") -> list[Entry]:
        """All files below `prefix`, by path; none where there is no such folder."""
        selector = fs.FileSelector(
            self._at(prefix) if prefix else self._base, recursive=True, allow_not_found=True
        )
        with _told(f"{self._name(prefix)} cannot be listed"):
            found = [one for one in self._files.get_file_info(selector) if one.is_file]
        strip = len(self._base.rstrip("/")) + 1
        return sorted(
            (
                Entry(path=one.path[strip:], num_bytes=one.size, changed_ns=one.mtime_ns or 0)
                for one in found
                if not one.path.startswith(self._at(PARTIAL) + "/")
            ),
            key=lambda one: one.path,
        )

    @contextmanager
    def opened(self, path: str) -> Iterator[Any]:
        """A file to read anywhere, as `pyarrow.NativeFile`.

        Raises:
            StorageError: it cannot be read.
        """
        with (
            _told(f"{self._name(path)} cannot be read"),
            self._files.open_input_file(self._at(path)) as file,
        ):
            yield file

    def read(self, path: str) -> bytes:
        """A whole file.

        Raises:
            StorageError: it cannot be read.
        """
        with self.opened(path) as file:
            return bytes(file.read())

    def write(self, path: str, content: bytes) -> None:
        """Put a file in the place of what was there; it is there whole or not at all.

        Raises:
            StorageFullError: there is no room for it.
            StorageError: it cannot be written.
        """
        with _told(f"{self._name(path)} cannot be written"):
            if self._is_local:
                _write_local(Path(self._at(path)), content, partial=Path(self._at(PARTIAL)))
            else:  # an object is there once it is closed
                with self._files.open_output_stream(self._at(path)) as stream:
                    stream.write(content)

    def delete(self, path: str) -> None:
        """Remove a file; nothing where there is none."""
        with _told(f"{self._name(path)} cannot be deleted"), suppress(FileNotFoundError):
            self._files.delete_file(self._at(path))

    def delete_below(self, prefix: str) -> None:
        """Remove a folder in it with all that is below."""
        with _told(f"{self._name(prefix)} cannot be deleted"), suppress(FileNotFoundError):
            self._files.delete_dir(self._at(prefix))

    def _at(self, path: str) -> str:
        return f"{self._base.rstrip('/')}/{path}"

    def _name(self, path: str) -> str:
        return repr(f"{self.url}/{path}".rstrip("/"))


def _write_local(path: Path, content: bytes, *, partial: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.mkdir(exist_ok=True)
    temporary = partial / uuid4().hex
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Without it a power cut may forget the file's name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(url: str) -> tuple[fs.FileSystem, str]:
    local = local_path(url)
    if local is not None:
        return fs.LocalFileSystem(), str(local)
    with _told(f"{url!r} cannot be reached"):
        files, base = filesystem_of(url)
    is_arrow = isinstance(files, ArrowFSWrapper)
    return (files.fs if is_arrow else fs.PyFileSystem(fs.FSSpecHandler(files))), base


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        kind = StorageFullError if exc.errno in _FULL else StorageError
        raise kind(f"{what}: {exc}") from exc

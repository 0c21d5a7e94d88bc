"""The bytes of a registry file, in bounded time and memory whatever the path turns out to be."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Some ten thousand experts; what is larger was not written to be a registry.
MAX_BYTES = 4 * 2**20

TOO_LARGE = f"at most {MAX_BYTES // 2**20} MiB ({MAX_BYTES:,} bytes) are allowed"


class ContentsError(Exception):
    """The file cannot be read; the message says why and what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A regular file, open: whatever takes its name meanwhile, this is one file."""

    descriptor: int
    opened: os.stat_result

    def read(self) -> bytes:
        """All of it.

        Raises:
            ContentsError: it is too large, cannot be read, or was written to since it was opened.
        """
        if self.opened.st_size > MAX_BYTES:
            raise ContentsError(f"the file has {self.opened.st_size:,} bytes; {TOO_LARGE}")
        try:
            # A size is only a promise: a file of a virtual file system says 0 and holds more.
            with open(self.descriptor, "rb", closefd=False) as stream:
                content = stream.read(MAX_BYTES + 1)
            now = os.fstat(self.descriptor)
        except OSError as exc:
            raise ContentsError(f"the file cannot be read: {exc.strerror}") from exc
        if len(content) > MAX_BYTES:
            raise ContentsError(f"the file has more than {MAX_BYTES:,} bytes; {TOO_LARGE}")
        if _version(now) != _version(self.opened):
            raise ContentsError("the file changed while it was read; read it again once saved")
        return content


@contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """Open a regular file.

    Raises:
        ContentsError: there is none, or the path names something else.
    """
    try:
        # Without waiting, as the opening of a pipe would hang until someone writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise ContentsError("there is no such file") from exc
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise ContentsError(f"the file cannot be read: {reason}") from exc
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ContentsError("this is not a regular file; name the registry file itself")
        yield OpenFile(descriptor=descriptor, opened=found)
    finally:
        os.close(descriptor)


def _version(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns

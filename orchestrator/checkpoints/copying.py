"""One file, fetched into a partial file that outlives the process and goes on where it ended."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.checkpoints.manifest import partial
from orchestrator.checkpoints.origin import Origin, Remote
from orchestrator.errors import DiskFullError, ModelError, TransferError

#: Tries in a row that bring nothing before a transfer is given up.
MAX_FRUITLESS = 4
_FIRST_PAUSE_S = 0.5
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def copy(
    origin: Origin,
    file: Remote,
    path: Path,
    *,
    is_cancelled: Callable[[], bool],
    pause: Callable[[float], None],
) -> None:
    """Fetch `file` to `path`; what another process fetched of it is not fetched again.

    Args:
        origin: where it comes from.
        file: its name and size.
        path: where it will be, once whole.
        is_cancelled: asked between chunks.
        pause: waits for so many seconds, between tries.

    Raises:
        TransferError: it ended too early again and again; names the byte.
        DiskFullError: there is no more room.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = partial(path)
    if file.num_bytes is None or _size(growing) > file.num_bytes:
        # Nobody could tell whether it is whole, or it is of something else.
        growing.unlink(missing_ok=True)
    fruitless, last = 0, None
    while not _is_whole(growing, file):
        begun = _size(growing)
        try:
            with _room_for(path), growing.open("ab") as sink:
                _append(origin, file, sink.write, offset=begun, is_cancelled=is_cancelled)
                if file.num_bytes is None:
                    break
        except TransferError as exc:
            last = exc
        fruitless = 0 if _size(growing) > begun else fruitless + 1
        if fruitless == MAX_FRUITLESS:
            raise _ended_early(file, growing, last)
        if fruitless:
            pause(_FIRST_PAUSE_S * 2 ** (fruitless - 1))
    growing.replace(path)


def _append(
    origin: Origin,
    file: Remote,
    write: Callable[[bytes], int],
    *,
    offset: int,
    is_cancelled: Callable[[], bool],
) -> None:
    with origin.read(file, offset=offset) as chunks:
        for chunk in chunks:
            if is_cancelled():
                raise ModelError(f"{file.name!r} was given up; what came of it is kept")
            write(chunk)


def _is_whole(growing: Path, file: Remote) -> bool:
    return growing.exists() and _size(growing) == file.num_bytes


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _ended_early(file: Remote, growing: Path, last: TransferError | None) -> TransferError:
    why = f": {last.message}" if last is not None else ""
    return TransferError(
        f"{file.name!r} ended at byte {_size(growing)} of {file.num_bytes}, {MAX_FRUITLESS} times "
        f"in a row{why}; what came is kept, and another try goes on from there"
    )


@contextmanager
def _room_for(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno not in _FULL:
            raise ModelError(f"{path} cannot be written: {os.strerror(exc.errno or 0)}") from exc
        raise DiskFullError(
            f"the disk under {path.parent} is full at {path.name!r}; what came is kept: make room "
            "(`orchestrator models gc` says what it would free), and another try goes on from there"
        ) from exc

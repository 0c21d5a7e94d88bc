"""The kernel's page cache, as far as weights are concerned: what of them is in it.

Reading never changes a file, and the cache is the kernel's own to give away: what is said here is
advice about what a load will take.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import randrange

from orchestrator.engines.lineage import Lineage
from orchestrator.errors import RegistryError, WeightsError
from orchestrator.registry.models import Expert
from orchestrator.registry.weights import weight_files

_PAGE = 4096
#: Pages that are looked at in each file.
_NUM_PROBES = 32


def weights_of(lineage: Lineage, expert: Expert) -> tuple[Path, ...]:
    """The files that a step to `expert` reads, an adapter's own; none that are not here."""
    try:
        folder = lineage.adapter_folder(expert) if expert.is_adapter else lineage.folder(expert)
        return () if folder is None else tuple(folder / name for name in weight_files(folder))
    except (RegistryError, WeightsError):
        return ()  # whoever loads it is told


def num_bytes(files: Iterable[Path]) -> int:
    """What they hold; one that is gone holds nothing."""
    return sum(_size(path) for path in files)


def cached_share(files: Iterable[Path], *, up_to: int | None = None) -> float | None:
    """How much of these files is in the page cache, 0 to 1; `None` where that cannot be told.

    Asks for single pages without waiting for a disk (`RWF_NOWAIT`). `mincore` would say of files
    that this process may not write that all of them are there.

    Args:
        files: those that are looked at.
        up_to: bytes at the beginning of each; all of it by default.
    """
    if not hasattr(os, "RWF_NOWAIT"):
        return None
    found = [share for path in files if (share := _share(path, up_to)) is not None]
    total = sum(size for size, _ in found)
    return sum(size * share for size, share in found) / total if total else None


def drop(files: Iterable[Path], *, up_to: int = 0) -> None:
    """Advise the kernel to forget these files; what somebody has mapped stays.

    Args:
        files: those to forget.
        up_to: bytes at the beginning of each; 0 is all of it.

    Raises:
        OSError: one cannot be opened.
    """
    for path in files:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, up_to, os.POSIX_FADV_DONTNEED)


def _share(path: Path, up_to: int | None) -> tuple[int, float] | None:
    """Bytes of one file and how much of them is there."""
    size = min(_size(path), up_to or sys.maxsize)
    if size == 0:
        return None
    try:
        with path.open("rb", buffering=0) as file:
            # A page that is not there may start to be read; this keeps it to that page.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
            probes = [_is_there(file.fileno(), at) for at in _places(size)]
    except OSError:
        return None
    return size, sum(probes) / len(probes)


def _places(size: int) -> Iterator[int]:
    """Beginnings of pages that are spread over a file.

    Others each time: a page that was asked for and was not there is there soon after.
    """
    num_pages = -(-size // _PAGE)
    yield from (randrange(num_pages) * _PAGE for _ in range(_NUM_PROBES))


def _is_there(fd: int, at: int) -> bool:
    try:
        os.preadv(fd, [bytearray(_PAGE)], at, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

"""What of the library no expert needs, and its removal."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.sources import Wanted
from orchestrator.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """A model of the library that is of no expert."""

    entry: Path
    #: What it was fetched from; the folder's name where the manifest cannot be read.
    source: str
    num_bytes: int


def unused(library: Library, wanted: Iterable[Wanted]) -> tuple[Unused, ...]:
    """The models that none of `wanted` is, largest first."""
    kept = {library.entry(one.source, one.revision) for one in wanted}
    found = [_unused(library, entry) for entry in library.entries() if entry not in kept]
    return tuple(sorted(found, key=lambda one: -one.num_bytes))


def remove(one: Unused) -> bool:
    """Remove a model from the library; `False` where a process is at it now.

    Raises:
        ModelError: it cannot be removed.
    """
    lock = FileLock(one.entry / "lock")
    try:
        with lock.acquire(blocking=False):
            shutil.rmtree(one.entry)
    except Timeout:
        return False
    except OSError as exc:
        raise ModelError(f"{one.entry} cannot be removed: {exc.strerror or exc}") from exc
    return True


def _unused(library: Library, entry: Path) -> Unused:
    known = library.at(entry)
    num_bytes = sum(_blocks_bytes(path) for path in entry.rglob("*") if path.is_file())
    return Unused(entry=entry, source=known.source if known else entry.name, num_bytes=num_bytes)


def _blocks_bytes(path: Path) -> int:
    """What removing a file frees: an outline's files are sparse."""
    return path.stat().st_blocks * 512

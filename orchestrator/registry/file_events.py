"""Hints that a file may have changed: whoever hears one reads the file and compares.

What is watched is every folder in which the path can be turned to another file: its own, that of
each link on the way (Kubernetes swaps a link to swap a ConfigMap) and that of the file it ends at.
Once a second a hint comes anyway: network file systems announce nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

_LOG = logging.getLogger(__name__)

#: Events that come within this of another are one hint, ms.
_STEP_MS = 10
_LONGEST_MS = 50
_PERIOD_MS = 1000

#: A folder and which one it is: device and inode, or nothing while there is none.
_Identity = tuple[Path, tuple[int, int] | None]


async def hints(path: Path) -> AsyncIterator[None]:
    """A hint at once, and whenever the file at `path` may have changed. Never ends."""
    has_failed = False
    while True:
        watched = _folders(path)
        yield
        try:
            async with aclosing(_events(watched)) as events:
                async for _ in events:
                    has_failed = False
                    yield
                    if _folders(path) != watched:
                        break
        except (OSError, WatchfilesRustInternalError) as exc:
            if not has_failed:
                _LOG.warning("%s is looked at once a second: it cannot be watched: %s", path, exc)
            has_failed = True
            await asyncio.sleep(_PERIOD_MS / 1000)


async def _events(watched: frozenset[_Identity]) -> AsyncGenerator[None]:
    """A hint at each event in these folders, and once a second.

    Raises:
        OSError: a folder is gone, or may not be read.
        WatchfilesRustInternalError: the system has no more watches to give.
    """
    folders = [folder for folder, identity in watched if identity is not None]
    async with aclosing(
        awatch(
            *folders,
            watch_filter=None,
            debounce=_LONGEST_MS,
            step=_STEP_MS,
            rust_timeout=_PERIOD_MS,
            yield_on_timeout=True,
            recursive=False,
        )
    ) as changes:
        async for _ in changes:
            yield


def _folders(path: Path) -> frozenset[_Identity]:
    """The folders to watch, the nearest that is there for one that is not."""
    return frozenset((folder, _identity(folder)) for folder in map(_present, _ways(path)))


def _ways(path: Path) -> set[Path]:
    """The folder of `path`, of every link on the way to its file, and of that file."""
    absolute = path.absolute()
    found = {absolute.parent}
    for step in (absolute, *absolute.parents):
        if step.is_symlink():
            found.add(step.parent)
            found.add((step.parent / step.readlink()).parent)
    found.add(Path(absolute.resolve()).parent)
    return found


def _present(folder: Path) -> Path:
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

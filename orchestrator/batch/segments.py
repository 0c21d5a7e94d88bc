"""Segments: results of lines, stored together, each with a checksum of its own.

A segment begins with a line that says what it is; then one line a result: checksum, place, `o` or
`e` for the output or the error file, and the line of that file. What is damaged is as if it had
never been stored.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from zlib import crc32

from orchestrator.batch.storage import Storage
from orchestrator.errors import StorageError

#: Of the form; a later one is left alone by this code.
VERSION = 1
_MAGIC = b"orchestrator-results"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What came of one line."""

    place: int
    #: For the output file; else for the error file.
    is_ok: bool
    #: Of the file, without its end.
    line: bytes


def head() -> bytes:
    """The first line of a segment."""
    return b"%s %d\n" % (_MAGIC, VERSION)


def spelled(record: Record) -> bytes:
    """A record's line in a segment."""
    rest = b"%d %s %s" % (record.place, b"o" if record.is_ok else b"e", record.line)
    return b"%08x %s\n" % (crc32(rest), rest)


def segment(records: Iterable[Record]) -> bytes:
    """A whole segment."""
    return head() + b"".join(map(spelled, records))


async def records_of(storage: Storage, path: str) -> AsyncIterator[Record]:
    """What a segment holds, read in pieces.

    Raises:
        StorageError: it cannot be read now, or a later version of this software wrote it.
    """
    num_damaged, is_head = 0, True
    async with aclosing(_lines(storage, path)) as lines:
        async for line in lines:
            if is_head:
                is_head = False
                if _has_head(line, path):
                    continue
            record = _read(line)
            if record is None:
                num_damaged += 1
            else:
                yield record
    if num_damaged:
        _LOG.warning("%s has %d damaged lines, as if not stored", path, num_damaged)


async def _lines(storage: Storage, path: str) -> AsyncGenerator[bytes]:
    """Lines without their ends."""
    left: list[bytes] = []
    async for chunk in storage.stream(path):
        first, *others = chunk.split(b"\n")
        left.append(first)
        if others:
            yield b"".join(left)
            for line in others[:-1]:
                yield line
            left = [others[-1]]
    if rest := b"".join(left):
        yield rest


def _has_head(line: bytes, path: str) -> bool:
    """Whether the first line of a segment is one of ours."""
    magic, _, version = line.partition(b" ")
    if magic != _MAGIC or not version.isdigit():
        return False
    if int(version) > VERSION:
        raise StorageError(
            f"{path!r} has version {int(version)} of results; this software reads up to "
            f"{VERSION}: run the later one again, or cancel the batch there"
        )
    return True


def _read(line: bytes) -> Record | None:
    """The record of a line; `None` where it is damaged."""
    checksum, _, rest = line.partition(b" ")
    place, _, kind_and_line = rest.partition(b" ")
    kind, _, text = kind_and_line.partition(b" ")
    if checksum != b"%08x" % crc32(rest) or not place.isdigit() or kind not in (b"o", b"e"):
        return None
    return Record(place=int(place), is_ok=kind == b"o", line=text)


def split_names(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Level and path of what are names of segments; others are not ours to read."""
    for path in names:
        level, _, _ = path.rpartition("/")[2].partition("-")
        if path.endswith(".segment") and level.isdigit():
            yield int(level), path

"""Where the lines of an input file begin, in columns, and the calls that they are foreseen to make.

Stored beside the batch, so that a batch that goes on after a restart reads its file not again.
"""

from __future__ import annotations

import io
import re
from array import array
from dataclasses import dataclass, fields
from zlib import crc32

import numpy as np
import numpy.typing as npt

from orchestrator.errors import StorageError
from orchestrator.planner.workload import Workload

#: Of the stored form; a later one reads all that came before.
VERSION = 1
_MAGIC = b"orchestrator-lines"
_HEAD = re.compile(_MAGIC + rb" ([0-9]{1,9}) ([0-9a-f]{8})")
_COLUMNS = [field.name for field in fields(Workload) if field.name != "experts"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineIndex:
    """Of each line, by place from 0; empty lines have none."""

    #: Where it begins in its file, and its bytes without its end.
    offset: npt.NDArray[np.int64]
    num_bytes: npt.NDArray[np.int32]
    #: From 1, empty lines counted.
    number: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.offset)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexedLines:
    """Lines, and the calls that they are foreseen to make."""

    index: LineIndex
    workload: Workload


class LineIndexBuilder:
    """Takes lines one after the other."""

    def __init__(self) -> None:
        self._offset, self._num_bytes, self._number = array("q"), array("i"), array("i")

    def __len__(self) -> int:
        return len(self._offset)

    def add(self, *, offset: int, num_bytes: int, number: int) -> None:
        """Add the next line."""
        self._offset.append(offset)
        self._num_bytes.append(num_bytes)
        self._number.append(number)

    def index(self) -> LineIndex:
        """All that were added so far."""
        return LineIndex(
            offset=np.array(self._offset, dtype=np.int64),
            num_bytes=np.array(self._num_bytes, dtype=np.int32),
            number=np.array(self._number, dtype=np.int32),
        )


def packed(lines: IndexedLines) -> bytes:
    """All of it as one object: version, checksum, and columns in numpy's form."""
    index, workload, out = lines.index, lines.workload, io.BytesIO()
    np.savez_compressed(
        out,
        offset=index.offset,
        num_bytes=index.num_bytes,
        number=index.number,
        experts=np.frombuffer("\n".join(workload.experts).encode(), dtype=np.uint8),
        **{f"work_{name}": getattr(workload, name) for name in _COLUMNS},
    )
    columns = out.getvalue()
    return b"%s %d %08x\n" % (_MAGIC, VERSION, crc32(columns)) + columns


def unpacked(data: bytes) -> IndexedLines | None:
    """What was packed; `None` where it is damaged, so that it is to be made anew.

    Raises:
        StorageError: a later version of this software wrote it.
    """
    head, _, columns = data.partition(b"\n")
    found = _HEAD.fullmatch(head)
    if found is None:
        return None
    if (version := int(found[1])) > VERSION:
        raise StorageError(
            f"the index of lines has version {version}; this software reads up to {VERSION}: run "
            "the later one again"
        )
    return _read(columns) if found[2] == b"%08x" % crc32(columns) else None


def _read(data: bytes) -> IndexedLines:
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        columns = {name: found[name] for name in found.files}
    index = LineIndex(
        offset=columns["offset"], num_bytes=columns["num_bytes"], number=columns["number"]
    )
    names = columns["experts"].tobytes().decode()
    workload = Workload(
        experts=tuple(names.split("\n")) if names else (),
        **{name: columns[f"work_{name}"] for name in _COLUMNS},
    )
    return IndexedLines(index=index, workload=workload)

"""The lines of a part of a JSONL file, whatever is in it, without holding more than one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.service.bulk.source import Block

_PIECE_BYTES = 2**20
_BOM = b"\xef\xbb\xbf"


def lines_of(file: Any, block: Block, *, max_line_bytes: int) -> Iterator[bytes | None]:
    """The lines that begin in the block, without their ends; `None` of one that is too long."""
    at = block.start
    # A line that began before is another block's; one that begins right here is ours.
    file.seek(max(at - 1, 0))
    pieces = _Pieces(file, max_line_bytes=max_line_bytes)
    if at > 0:
        at += pieces.skip_line() - 1
    while at < block.end:
        line, num_bytes = pieces.next_line()
        if not num_bytes:
            return
        if at == 0 and line is not None:
            line = line.removeprefix(_BOM)
        at += num_bytes
        yield line


class _Pieces:
    """A file read in pieces, and what of the last piece is not used yet."""

    def __init__(self, file: Any, *, max_line_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_line_bytes
        self._rest = b""
        self._at = 0

    def skip_line(self) -> int:
        """Read over the next line; returns its bytes with its end."""
        return self._read(keeps=False)[1]

    def next_line(self) -> tuple[bytes | None, int]:
        """The next line and its bytes with its end, 0 at the end of the file."""
        return self._read(keeps=True)

    def _read(self, *, keeps: bool) -> tuple[bytes | None, int]:
        held: list[bytes] = []
        num_bytes = 0
        while True:
            found = self._rest.find(b"\n", self._at)
            end = len(self._rest) if found < 0 else found
            num_bytes += end - self._at
            if keeps and num_bytes <= self._max_bytes:
                held.append(self._rest[self._at : end])
            else:
                held.clear()
            if found >= 0:
                self._at = found + 1
                return self._whole(held, num_bytes), num_bytes + 1
            self._rest, self._at = bytes(self._file.read(_PIECE_BYTES)), 0
            if not self._rest:
                return self._whole(held, num_bytes), num_bytes

    def _whole(self, held: list[bytes], num_bytes: int) -> bytes | None:
        return None if num_bytes > self._max_bytes else b"".join(held)

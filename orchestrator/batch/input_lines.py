"""The lines of an input file, from its bytes: what cannot be a line is a fault, never an exception.

A byte order mark of UTF-8 is skipped, lines may end with CR LF, the last one needs no end, and
empty lines are skipped but counted, so numbers are those of an editor.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from orchestrator.batch.batch import BatchFault

_BOM = b"\xef\xbb\xbf"
#: How files begin that are not UTF-8: by their mark, or by the zero beside their first letter.
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
#: Bytes by which that is known.
_HEAD_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLine:
    """A line that is not empty, without its end."""

    #: In its file, from 1, empty lines counted.
    number: int
    #: Where it begins in its file, bytes.
    offset: int
    data: bytes

    @property
    def length(self) -> int:
        """Bytes, as a reader of this line alone asks for."""
        return len(self.data)


async def read_lines(
    chunks: AsyncIterator[bytes], *, max_line_bytes: int
) -> AsyncIterator[RawLine | BatchFault]:
    """Every line and fault of a file, in order; holds a chunk and one line at most.

    Args:
        chunks: of the file, of any length.
        max_line_bytes: a longer line is a fault, and is not held.
    """
    splitter = LineSplitter(max_line_bytes=max_line_bytes)
    async for chunk in chunks:
        for found in splitter.feed(chunk):
            yield found
        if splitter.is_hopeless:
            return
    for found in splitter.end():
        yield found


class LineSplitter:
    """Cuts what it is fed into lines.

    Args:
        max_line_bytes: a longer line is a fault, and is not held.
    """

    def __init__(self, *, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self._rest = bytearray()
        self._is_begun = False
        #: Of the line under way.
        self._number = 1
        self._offset = 0
        #: Bytes of it that were thrown away, since it is too long.
        self._num_dropped = 0
        #: Whether nothing that follows can be read, since it is in another encoding.
        self.is_hopeless = False

    def feed(self, chunk: bytes) -> Iterator[RawLine | BatchFault]:
        """The lines that end in a chunk; to be exhausted before the next one is fed."""
        self._rest += chunk
        if not self._is_begun:
            if len(self._rest) < _HEAD_BYTES:
                return
            yield from self._begin()
        yield from self._ended()

    def end(self) -> Iterator[RawLine | BatchFault]:
        """The last line, where it has no end."""
        if not self._is_begun:
            yield from self._begin()
        yield from self._ended()
        if not self.is_hopeless and (self._rest or self._num_dropped):
            yield from self._line(bytes(self._rest), num_bytes=len(self._rest))
            self._rest.clear()

    def _begin(self) -> Iterator[BatchFault]:
        self._is_begun = True
        head = bytes(self._rest[:_HEAD_BYTES])
        if head.startswith(_WIDE) or head[:1] == b"\x00" or head[1:2] == b"\x00":
            self.is_hopeless = True
            yield BatchFault(
                code="invalid_encoding",
                message="the file is UTF-16 or UTF-32; save it as UTF-8",
            )
        elif head.startswith(_BOM):
            del self._rest[: len(_BOM)]
            self._offset = len(_BOM)

    def _ended(self) -> Iterator[RawLine | BatchFault]:
        if self.is_hopeless:
            self._rest.clear()
            return
        begin = 0
        while (end := self._rest.find(b"\n", begin)) >= 0:
            yield from self._line(bytes(self._rest[begin:end]), num_bytes=end + 1 - begin)
            begin = end + 1
        del self._rest[:begin]
        # One more for the CR of a line that is exactly as long as it may be.
        if len(self._rest) > self._max_line_bytes + 1 or self._num_dropped:
            # All but the last byte, which may be the CR of its end.
            self._num_dropped += max(0, len(self._rest) - 1)
            del self._rest[:-1]

    def _line(self, data: bytes, *, num_bytes: int) -> Iterator[RawLine | BatchFault]:
        number, offset, num_dropped = self._number, self._offset, self._num_dropped
        self._number += 1
        self._offset += num_dropped + num_bytes
        self._num_dropped = 0
        data = data.removesuffix(b"\r")
        if num_dropped or len(data) > self._max_line_bytes:
            yield _too_long(number, num_dropped + len(data), self._max_line_bytes)
        elif data and not data.isspace():
            yield RawLine(number=number, offset=offset, data=data)


def _too_long(number: int, num_bytes: int, max_line_bytes: int) -> BatchFault:
    return BatchFault(
        code="line_too_long",
        message=f"the line has {num_bytes} bytes; at most {max_line_bytes} are allowed",
        line=number,
    )

"""Which part of a file a caller asks for: one range, as browsers and `curl -C` send it."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Digits are bounded: Python refuses to parse numbers of thousands of them.
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """From the first byte to the one behind the last."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Bytes."""
        return self.end - self.start


class OutsideError(Exception):
    """No byte of the range is in the file."""


def byte_range(header: str | None, *, num_bytes: int) -> ByteRange | None:
    """The range of a header; `None` for the whole file: none is asked for, or none we know.

    Raises:
        OutsideError: it lies behind the end.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        asked = ByteRange(start=max(0, num_bytes - int(last)), end=num_bytes)
    else:
        end = min(int(last) + 1, num_bytes) if last else num_bytes
        if last and int(last) < int(first):
            return None
        asked = ByteRange(start=int(first), end=end)
    if asked.length <= 0:
        raise OutsideError
    return asked

"""Which rows have a `custom_id` that another row has, among more rows than memory holds.

A block keeps a digest of each row's id beside it, sorted. All blocks are then read by ranges of
digests, as many at once as memory allows: equal ids lie in the same range, whatever block they
are of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

#: Two different ids among 10^8 have one digest with a chance of 10^-23.
_DIGEST_BYTES = 16
_IDENTITY = np.dtype([("high", "<u8"), ("low", "<u8"), ("block", "<i4"), ("place", "<i4")])
#: Digests are cut into ranges by their first byte.
NUM_RANGES = 256
#: Where in the file each range begins, in rows, and where the last one ends.
_BOUND = np.dtype("<i4")
_HEAD_BYTES = (NUM_RANGES + 1) * _BOUND.itemsize
ROW_BYTES = _IDENTITY.itemsize

#: Of dtype `_IDENTITY`.
Identities = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A row whose id an earlier row has."""

    block: int
    place: int
    #: The first row that has it.
    first_block: int
    first_place: int


def digest_of(custom_id: str) -> bytes:
    """What stands for an id."""
    return blake2b(custom_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def identities_file(digests: Sequence[bytes], places: Sequence[int], *, block: int) -> bytes:
    """The file of a block's rows."""
    rows = np.empty(len(digests), _IDENTITY)
    halves = np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2)
    rows["high"], rows["low"] = halves[:, 0], halves[:, 1]
    rows["block"], rows["place"] = block, places
    rows = _sorted(rows)
    bounds = np.searchsorted(rows["high"] >> np.uint64(56), np.arange(NUM_RANGES + 1))
    return bytes(bounds.astype(_BOUND).tobytes() + rows.tobytes())


def identities_between(file: Any, first: int, last: int) -> Identities:
    """Those of ranges `[first, last)` in a file that is open for reading anywhere."""
    bounds = np.frombuffer(file.read_at(_HEAD_BYTES, 0), _BOUND)
    start, end = int(bounds[first]), int(bounds[last])
    content = file.read_at((end - start) * ROW_BYTES, _HEAD_BYTES + start * ROW_BYTES)
    return np.frombuffer(content, _IDENTITY)


def repeated(parts: Sequence[Identities]) -> Iterator[Repeated]:
    """Rows of the same ranges of several blocks whose id an earlier one has."""
    rows = _sorted(np.concatenate(parts)) if parts else np.empty(0, _IDENTITY)
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = (rows["high"][1:] != rows["high"][:-1]) | (rows["low"][1:] != rows["low"][:-1])
    firsts = np.maximum.accumulate(np.where(is_new, np.arange(len(rows)), 0))
    for index in np.flatnonzero(~is_new):
        first = firsts[index]
        yield Repeated(
            block=int(rows["block"][index]),
            place=int(rows["place"][index]),
            first_block=int(rows["block"][first]),
            first_place=int(rows["place"][first]),
        )


def _sorted(rows: Identities) -> Identities:
    found: Identities = rows[np.lexsort((rows["place"], rows["block"], rows["low"], rows["high"]))]
    return found

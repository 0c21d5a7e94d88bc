"""Whether every `custom_id` of a file is there once, in 16 bytes a line whatever their length."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from orchestrator.batch.batch import BatchFault

_BYTES = 16


class CustomIds:
    """Digests of the ids of a file's lines; two that differ by chance are one in 2^64."""

    def __init__(self) -> None:
        self._digests = bytearray()

    def add(self, custom_id: str) -> None:
        """The id of the next line."""
        # Surrogates are no text, but JSON can spell them.
        self._digests += blake2b(
            custom_id.encode("utf-8", "surrogatepass"), digest_size=_BYTES
        ).digest()

    def repeated(self) -> list[tuple[int, int]]:
        """Places whose id a line before had, each with the place of the first."""
        digests = np.frombuffer(self._digests, dtype=np.uint64).reshape(-1, 2)
        order = np.lexsort((digests[:, 1], digests[:, 0]))
        in_order = digests[order]
        is_again = np.zeros(len(order), dtype=np.bool_)
        is_again[1:] = (in_order[1:] == in_order[:-1]).all(axis=1)
        # Of equal ids the sort keeps the order of the file, so the first of a group was first.
        first = np.maximum.accumulate(np.where(is_again, 0, np.arange(len(order))))
        again = np.flatnonzero(is_again)
        return list(zip(order[again].tolist(), order[first[again]].tolist(), strict=True))


def repeated_fault(*, line: int, first_line: int) -> BatchFault:
    """What is told of a line whose id is taken."""
    return BatchFault(
        code="duplicate_custom_id",
        message=f"line {first_line} has this 'custom_id' too; each must be there once",
        line=line,
        param="custom_id",
    )

"""Finds rows whose `custom_id` an earlier row has, and keeps which they are, block by block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import orjson

from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.identity import (
    NUM_RANGES,
    ROW_BYTES,
    Identities,
    Repeated,
    identities_between,
    repeated,
)
from orchestrator.service.bulk.routed import ids_path

_FOLDER = "duplicates"
_DONE = f"{_FOLDER}/found.json"
#: Identities that are held at once; sorting takes about as much again.
_MEMORY_BYTES = 64 * 2**20


def find_duplicates(work: Folder, *, num_blocks: int, num_rows: int) -> None:
    """Look through all blocks, once a job.

    Raises:
        StorageError: the work folder cannot be read or written.
    """
    if work.has(_DONE):
        return
    num_passes = min(NUM_RANGES, 1 + num_rows * ROW_BYTES // _MEMORY_BYTES)
    blocks_told: set[int] = set()
    for number, (first, last) in enumerate(_passes(num_passes)):
        by_block: dict[int, list[Repeated]] = defaultdict(list)
        for one in repeated([_read(work, block, first, last) for block in range(num_blocks)]):
            by_block[one.block].append(one)
        for block, found in by_block.items():
            work.write(f"{_FOLDER}/{block:08d}/{number:03d}.json", _dumped(found))
        blocks_told |= by_block.keys()
    work.write(_DONE, orjson.dumps(sorted(blocks_told)))


class Duplicates:
    """Which rows of a block are not the first of their id.

    Args:
        work: where `find_duplicates` has been.
    """

    def __init__(self, work: Folder) -> None:
        self._work = work
        self._blocks = frozenset(orjson.loads(work.read(_DONE)))

    def of(self, block: int) -> Mapping[int, tuple[int, int]]:
        """Place of each such row -> block and place of the first."""
        if block not in self._blocks:
            return {}
        return {
            place: (first_block, first_place)
            for entry in self._work.entries(f"{_FOLDER}/{block:08d}")
            for place, first_block, first_place in orjson.loads(self._work.read(entry.path))
        }


def _passes(num: int) -> Iterator[tuple[int, int]]:
    bounds = [NUM_RANGES * index // num for index in range(num + 1)]
    return pairwise(bounds)


def _read(work: Folder, block: int, first: int, last: int) -> Identities:
    with work.opened(ids_path(block)) as file:
        return identities_between(file, first, last)


def _dumped(found: Sequence[Repeated]) -> bytes:
    return orjson.dumps([(one.place, one.first_block, one.first_place) for one in found])

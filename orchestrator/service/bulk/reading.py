"""The rows of a chunk, read where they lie, with what is known of them by now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.batch.line import LineFault
from orchestrator.service.bulk.duplicates import Duplicates
from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.inventory import Chunk, Inventory, Piece
from orchestrator.service.bulk.routed import read_share
from orchestrator.service.bulk.row import Row

#: Row groups that are held: neighbouring chunks lie in the same.
_NUM_HELD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRow:
    """A row, and where its reader finds it."""

    row: Row
    path: str
    #: Line of JSONL, row of parquet, from 1.
    number: int

    @property
    def fault(self) -> LineFault | None:
        """Why nobody is asked."""
        return self.row.fault


class Reading:
    """Reads chunks; not for several threads at once.

    Args:
        work: what was routed.
        inventory: which rows are whose.
        duplicates: rows that are not the first of their id.
    """

    def __init__(self, work: Folder, inventory: Inventory, duplicates: Duplicates) -> None:
        self._work = work
        self._inventory = inventory
        self._duplicates = duplicates
        self._held: OrderedDict[tuple[int, int], _Held] = OrderedDict()

    def rows(self, chunk: Chunk) -> list[PlacedRow]:
        """All rows of a chunk, in order.

        Raises:
            StorageError: what was routed cannot be read.
        """
        return [row for piece in self._inventory.pieces(chunk) for row in self._piece(piece)]

    def _piece(self, piece: Piece) -> Iterator[PlacedRow]:
        held = self._share(piece.block, piece.group)
        for row in held.rows[piece.first : piece.last]:
            first = held.duplicates.get(row.place)
            if first is not None and row.fault is None:
                row = self._as_duplicate(row, first)  # noqa: PLW2901 - the same row, judged
            path, number = self._inventory.place_of(piece.block, row.place)
            yield PlacedRow(row=row, path=path, number=number)

    def _as_duplicate(self, row: Row, first: tuple[int, int]) -> Row:
        path, number = self._inventory.place_of(*first)
        fault = LineFault(
            code="duplicate_custom_id",
            message=f"'custom_id' is {row.custom_id!r}, as that of line {number} of {path!r}, "
            "which is answered; ids must differ",
        )
        return Row(place=row.place, custom_id=row.custom_id, fault=fault)

    def _share(self, block: int, group: int) -> _Held:
        held = self._held.pop((block, group), None)
        if held is None:
            rows = read_share(self._work, block, group)
            held = _Held(rows=rows, duplicates=self._duplicates.of(block))
        self._held[block, group] = held
        while len(self._held) > _NUM_HELD:
            self._held.popitem(last=False)
        return held


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    rows: Sequence[Row]
    duplicates: Mapping[int, tuple[int, int]]

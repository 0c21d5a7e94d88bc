"""Which rows each expert answers, over all blocks, in a few bytes a block and expert."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from orchestrator.service.bulk.routed import NOBODY, RoutedBlock
from orchestrator.service.bulk.source import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Consecutive rows of one expert: what is answered, written and counted as one."""

    expert: str
    #: Among those of its expert, from 0.
    number: int
    #: Rows `[first, last)` of its expert's, counted over all blocks.
    first: int
    last: int
    #: Tokens that are read and written, about.
    prompt_tokens: float = 0.0
    output_tokens: float = 0.0

    @property
    def name(self) -> str:
        """Of its files; the same whenever the job goes on."""
        return f"part-{self.expert or '_faults'}-{self.number:08d}"

    @property
    def num_rows(self) -> int:
        """All of them."""
        return self.last - self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The part of a chunk that is in one block."""

    block: int
    #: Its row group.
    group: int
    #: Rows of the row group.
    first: int
    last: int


@dataclass(slots=True)
class _Rows:
    blocks: array[int] = field(default_factory=lambda: array("i"))
    groups: array[int] = field(default_factory=lambda: array("i"))
    #: Rows up to the end of each block.
    ends: array[int] = field(default_factory=lambda: array("q"))
    prompt_tokens: float = 0.0
    output_tokens: float = 0.0

    @property
    def num(self) -> int:
        return self.ends[-1] if self.ends else 0


class Inventory:
    """All routed blocks of a job.

    Args:
        blocks: of the source, by number.
        routed: all of them, by number.
    """

    def __init__(self, blocks: Sequence[Block], routed: Iterator[RoutedBlock]) -> None:
        self._blocks = blocks
        self._rows: dict[str, _Rows] = {}
        num_lines = array("q")
        for one in routed:
            num_lines.append(one.num_lines)
            self._add(one)
        self._lines_before = _lines_before(blocks, num_lines)

    def _add(self, block: RoutedBlock) -> None:
        for group, share in enumerate(block.shares):
            rows = self._rows.setdefault(share.expert, _Rows())
            rows.ends.append(rows.num + share.num_rows)
            rows.blocks.append(block.number)
            rows.groups.append(group)
            rows.prompt_tokens += share.prompt_tokens
            rows.output_tokens += share.output_tokens

    @property
    def num_rows_by_expert(self) -> Mapping[str, int]:
        """Rows that have no fault of their own, by expert."""
        return {name: rows.num for name, rows in self._rows.items() if name != NOBODY}

    @property
    def num_rows(self) -> int:
        """All rows, those with faults too."""
        return sum(rows.num for rows in self._rows.values())

    def chunks(self, *, chunk_rows: int) -> list[Chunk]:
        """All rows in chunks; faults first, then by expert."""
        return [
            Chunk(
                expert=expert,
                number=number,
                first=first,
                last=min(first + chunk_rows, rows.num),
                prompt_tokens=rows.prompt_tokens * chunk_rows / rows.num,
                output_tokens=rows.output_tokens * chunk_rows / rows.num,
            )
            for expert, rows in sorted(self._rows.items())
            for number, first in enumerate(range(0, rows.num, chunk_rows))
        ]

    def pieces(self, chunk: Chunk) -> Iterator[Piece]:
        """Where the rows of a chunk are, in order."""
        rows, at = self._rows[chunk.expert], chunk.first
        index = bisect_right(rows.ends, at)
        while at < chunk.last:
            before = rows.ends[index - 1] if index else 0
            end = min(rows.ends[index], chunk.last)
            yield Piece(
                block=rows.blocks[index],
                group=rows.groups[index],
                first=at - before,
                last=end - before,
            )
            at, index = end, index + 1

    def place_of(self, block: int, place: int) -> tuple[str, int]:
        """File and line, or row, from 1, of a place in a block."""
        return self._blocks[block].path, self._lines_before[block] + place + 1


def _lines_before(blocks: Sequence[Block], num_lines: Sequence[int]) -> Sequence[int]:
    """Of each block, lines or rows of its file before it."""
    ends = list(accumulate(num_lines, initial=0))
    first_by_path: dict[str, int] = {}
    for block in blocks:
        first_by_path.setdefault(block.path, ends[block.number])
    return array(
        "q",
        (
            one.num_before if one.kind == "parquet" else ends[one.number] - first_by_path[one.path]
            for one in blocks
        ),
    )

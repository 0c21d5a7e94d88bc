"""Routes one block: reads its rows, asks who would answer each, writes them by expert."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from orchestrator.batch.line import LineFault
from orchestrator.errors import OrchestratorError
from orchestrator.service.bulk.columns import READ, row_of_columns
from orchestrator.service.bulk.deciding import Deciding
from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.lines import lines_of
from orchestrator.service.bulk.parquet import rows_between
from orchestrator.service.bulk.routed import BlockRows, RoutedBlock, summary_path
from orchestrator.service.bulk.row import Row, faulty, row_of_line
from orchestrator.service.bulk.source import Block


class BlockRouting:
    """Routes blocks of one input.

    Args:
        source: folder of the input.
        work: folder of what is routed.
        deciding: says who would answer.
        model: who is asked where a parquet row does not say.
        max_line_bytes: a longer line of JSONL is a fault.
    """

    def __init__(
        self, source: Folder, work: Folder, deciding: Deciding, *, model: str, max_line_bytes: int
    ) -> None:
        self._source = source
        self._work = work
        self._deciding = deciding
        self._model = model
        self._max_line_bytes = max_line_bytes

    def route(self, block: Block) -> RoutedBlock:
        """Route a block and store what came of it; what is stored already is not done again.

        Raises:
            StorageError: it cannot be read or written.
        """
        path = summary_path(block.number)
        if self._work.has(path):
            return RoutedBlock.model_validate_json(self._work.read(path))
        found = BlockRows(block.number)
        num_lines = asyncio.run(self._add_all(block, found))
        return found.store(self._work, num_lines=num_lines)

    async def _add_all(self, block: Block, found: BlockRows) -> int:
        num_lines = 0
        with self._source.opened(block.path) as file:
            for row in self._rows(file, block):
                num_lines += 1
                if row is not None:
                    await self._add(row, found)
        return num_lines

    async def _add(self, row: Row, found: BlockRows) -> None:
        if row.fault is not None:
            found.add(row)
            return
        try:
            decided = await self._deciding.decide(row.url, row.body)
        except OrchestratorError as error:
            fault = LineFault(code=error.code, message=error.message)
            found.add(Row(place=row.place, custom_id=row.custom_id, fault=fault))
            return
        found.add(
            row,
            expert=decided.expert,
            prompt_tokens=decided.prompt_tokens,
            output_tokens=decided.output_tokens,
        )

    def _rows(self, file: Any, block: Block) -> Iterator[Row | None]:
        """One a line or row of the file; `None` of an empty line."""
        if block.kind == "parquet":
            found = rows_between(
                file, group=block.group, start=block.start, end=block.end, columns=READ
            )
            for place, columns in enumerate(found):
                yield row_of_columns(place, columns, model=self._model)
            return
        for place, line in enumerate(lines_of(file, block, max_line_bytes=self._max_line_bytes)):
            yield self._row(place, line)

    def _row(self, place: int, line: bytes | None) -> Row | None:
        if line is None:
            limit = self._max_line_bytes
            return faulty(
                place, "line_too_long", f"the line is longer than the limit of {limit} bytes"
            )
        return row_of_line(place, line) if line.strip() else None

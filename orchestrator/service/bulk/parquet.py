"""Parquet files, read a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from orchestrator.errors import SetupError

#: Rows that are Python values at once.
_ROWS_AT_ONCE = 1024
#: What is read ahead of a column; whole columns of a row group may be hundreds of MiB.
_BUFFER_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A row group; bytes before compression."""

    num_rows: int
    num_bytes: int


def groups_of(file: Any, name: str) -> tuple[list[str], list[Group]]:
    """Columns and row groups of a parquet file.

    Raises:
        SetupError: it is none.
    """
    try:
        found = ParquetFile(file)
    except pa.ArrowInvalid as exc:
        raise SetupError(f"{name!r} is not a parquet file: {exc}") from exc
    groups = [found.metadata.row_group(index) for index in range(found.num_row_groups)]
    return list(found.schema_arrow.names), [
        Group(num_rows=one.num_rows, num_bytes=one.total_byte_size) for one in groups
    ]


def rows_between(
    file: Any, *, group: int, start: int, end: int, columns: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Rows `[start, end)` of a row group, of the columns that it has among these."""
    found = ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    own = [name for name in columns if name in found.schema_arrow.names]
    at = 0
    for batch in found.iter_batches(_ROWS_AT_ONCE, row_groups=[group], columns=own):
        first, last = max(start - at, 0), min(end - at, batch.num_rows)
        if first < last:
            yield from batch.slice(first, last - first).to_pylist()
        at += batch.num_rows
        if at >= end:
            return

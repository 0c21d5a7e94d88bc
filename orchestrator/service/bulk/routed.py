"""What routing leaves of a block: its rows by expert in one file, and what is known of them.

A block's file has a row group an expert, so that a run reads its expert's rows and no others, and
so that a thousand experts do not make a thousand files a block.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from orchestrator.batch.line import LineFault
from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.identity import digest_of, identities_file
from orchestrator.service.bulk.row import Row

#: Stands for an expert where the row has a fault: nobody is asked.
NOBODY = ""
#: Folders of the work folder: which blocks are routed, and all that is of no use in the end.
DONE = "done"
SCRATCH = ("routed", DONE, "ids", "duplicates", "spilled")
_SCHEMA = pa.schema(
    [
        ("place", pa.int32()),
        ("custom_id", pa.string()),
        ("url", pa.dictionary(pa.int8(), pa.string())),
        ("body", pa.binary()),
        ("code", pa.string()),
        ("message", pa.string()),
    ]
)


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Share(_Kept):
    """The rows of a block that one expert answers: a row group of the block's file."""

    expert: str
    num_rows: int
    prompt_tokens: float
    output_tokens: float


class RoutedBlock(_Kept):
    """A block that is routed; once this is stored, it is done."""

    version: Literal[1] = 1
    number: int
    #: Of JSONL lines, empty ones too.
    num_lines: int
    #: In the order of the row groups.
    shares: tuple[Share, ...]


def routed_path(number: int) -> str:
    """Where a block's rows are, in the work folder."""
    return f"routed/block-{number:08d}.parquet"


def summary_path(number: int) -> str:
    """Where a block's `RoutedBlock` is, in the work folder."""
    return f"{DONE}/block-{number:08d}.json"


def ids_path(number: int) -> str:
    """Where the identities of a block's rows are, in the work folder."""
    return f"ids/block-{number:08d}.ids"


class BlockRows:
    """Takes the rows of a block and writes them by expert.

    Args:
        number: the block's.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._rows: dict[str, list[Row]] = {}
        self._tokens: dict[str, list[float]] = {}
        self._digests: list[bytes] = []
        self._places: list[int] = []

    def add(
        self, row: Row, *, expert: str = NOBODY, prompt_tokens: float = 0, output_tokens: float = 0
    ) -> None:
        """Add one, with its expert where it has no fault."""
        self._rows.setdefault(expert, []).append(row)
        tokens = self._tokens.setdefault(expert, [0.0, 0.0])
        tokens[0] += prompt_tokens
        tokens[1] += output_tokens
        if row.fault is None:
            self._digests.append(digest_of(row.custom_id))
            self._places.append(row.place)

    def store(self, work: Folder, *, num_lines: int) -> RoutedBlock:
        """Write all of it; what says that it is done comes last.

        Raises:
            StorageError: it cannot be written.
        """
        experts = sorted(self._rows)
        work.write(routed_path(self._number), self._file(experts))
        ids = identities_file(self._digests, self._places, block=self._number)
        work.write(ids_path(self._number), ids)
        summary = RoutedBlock(
            number=self._number,
            num_lines=num_lines,
            shares=tuple(
                Share(
                    expert=expert,
                    num_rows=len(self._rows[expert]),
                    prompt_tokens=self._tokens[expert][0],
                    output_tokens=self._tokens[expert][1],
                )
                for expert in experts
            ),
        )
        work.write(summary_path(self._number), summary.model_dump_json().encode())
        return summary

    def _file(self, experts: Sequence[str]) -> bytes:
        sink = io.BytesIO()
        with pq.ParquetWriter(sink, _SCHEMA, compression="zstd") as writer:
            for expert in experts:
                rows = self._rows[expert]
                writer.write_table(_table(rows), row_group_size=max(len(rows), 1))
        return sink.getvalue()


def read_share(work: Folder, number: int, group: int) -> list[Row]:
    """The rows of one row group of a block's file, in the order of the input.

    Raises:
        StorageError: it cannot be read.
    """
    with work.opened(routed_path(number)) as file:
        table = pq.ParquetFile(file).read_row_group(group)
    return list(_rows(table))


def _table(rows: Sequence[Row]) -> pa.Table:
    faults = [row.fault for row in rows]
    columns = {
        "place": [row.place for row in rows],
        "custom_id": [row.custom_id for row in rows],
        "url": pa.array([row.url for row in rows], pa.string()).dictionary_encode(),
        "body": [row.body for row in rows],
        "code": [None if fault is None else fault.code for fault in faults],
        "message": [None if fault is None else fault.message for fault in faults],
    }
    arrays = [
        pa.array(columns[field.name], field.type)
        if isinstance(columns[field.name], list)
        else columns[field.name].cast(field.type)
        for field in _SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)


def _rows(table: pa.Table) -> Iterator[Row]:
    columns = (table.column(name).to_pylist() for name in _SCHEMA.names)
    for place, custom_id, url, body, code, message in zip(*columns, strict=True):
        fault = None if code is None else LineFault(code=code, message=message)
        yield Row(place=place, custom_id=custom_id, url=url, body=body, fault=fault)

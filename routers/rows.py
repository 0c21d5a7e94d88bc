"""Rows of JSON lines, CSV, parquet and arrow files, each with its place and its split.

Every fault of a file is collected, so that a data set is mended in one go.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .base import RouterError
from .folders import check_counts, files_of

MAX_FAULTS_SHOWN = 10
_BATCH_ROWS = 2000
_HEAD_BYTES = 1000
#: Of CSV: a quote that is never closed must not take all of a file for one cell.
_MAX_CELL_CHARS = 10_000_000
_BOM = b"\xef\xbb\xbf"
_ARROW_FILE = b"ARROW1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row as its file has it; cells without a value are left out."""

    #: File and line, or row, for people.
    place: str
    #: Line of a text file, row of a table; from 1.
    number: int
    #: Of its file in a folder of splits; empty elsewhere.
    split: str
    #: All that the file has, read or not; of JSON lines what this row has.
    columns: Sequence[str]
    cells: Mapping[str, Any]


class Faults:
    """What is wrong with files: counted, and the first of them kept."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._count = 0
        self._shown: list[str] = []

    def add(self, place: str, fault: str) -> None:
        """Count one."""
        self._count += 1
        if self._count <= MAX_FAULTS_SHOWN:
            self._shown.append(f"{place}: {fault}")

    def refuse(self) -> None:
        """Raise `RouterError` where there is any."""
        if not self._count:
            return
        rest = self._count - len(self._shown)
        noun = "row" if self._count == 1 else "rows"
        raise RouterError(
            "\n  ".join([f"{names(self._paths)}: {self._count} bad {noun}", *self._shown])
            + (f"\n  and {rest} more" if rest else "")
        )


def names(paths: Sequence[Path]) -> str:
    """The files, for a message."""
    return ", ".join(map(str, paths))


def read_rows(paths: Sequence[Path], *, wanted: Collection[str], faults: Faults) -> Iterator[Row]:
    """Every row of these files and of the files in these folders, in order.

    Args:
        paths: files, or folders as Hugging Face lays data sets out.
        wanted: columns worth reading, where a file can be read by columns.
        faults: told of rows that are none.

    Raises:
        RouterError: a file cannot be read, or a folder is not whole.
    """
    for path in paths:
        if not path.is_dir():
            yield from _rows(_File(path=path, split="", wanted=wanted, faults=faults))
            continue
        found: Counter[str] = Counter()
        for file, split in files_of(path):
            for row in _rows(_File(path=file, split=split, wanted=wanted, faults=faults)):
                found[split] += 1
                yield row
        check_counts(path, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    split: str
    wanted: Collection[str]
    faults: Faults

    def line(self, number: int) -> str:
        return f"{self.path.name}:{number}"

    def row(self, place: str, number: int, cells: Any, columns: Sequence[str] | None = None) -> Row:
        return Row(
            place=place,
            number=number,
            split=self.split,
            columns=list(cells) if columns is None else columns,
            cells={name: cell for name, cell in cells.items() if cell is not None},
        )


def _rows(file: _File) -> Iterator[Row]:
    read = _READERS.get(file.path.suffix.lower(), _json_lines)
    try:
        yield from read(file)
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise RouterError(f"{str(file.path)!r} cannot be read: {exc}") from exc


def _json_lines(file: _File) -> Iterator[Row]:
    with file.path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.isspace():
                continue
            try:
                cells = json.loads(line.removeprefix(_BOM))
            except (ValueError, RecursionError) as exc:
                file.faults.add(file.line(number), f"the line is no JSON: {exc}")
                continue
            if isinstance(cells, dict):
                yield file.row(file.line(number), number, cells)
            else:
                file.faults.add(file.line(number), f"is no object but {type(cells).__name__}")


def _json_list(file: _File) -> Iterator[Row]:
    with file.path.open("rb") as text:
        is_list = text.read(_HEAD_BYTES).removeprefix(_BOM).lstrip()[:1] == b"["
    if not is_list:
        yield from _json_lines(file)
        return
    try:
        rows = json.loads(file.path.read_bytes().removeprefix(_BOM))
    except (ValueError, RecursionError) as exc:
        raise RouterError(f"{str(file.path)!r} is no JSON: {exc}") from exc
    for number, cells in enumerate(rows, start=1):
        place = f"{file.path.name}, row {number}"
        if isinstance(cells, dict):
            yield file.row(place, number, cells)
        else:
            file.faults.add(place, f"is no object but {type(cells).__name__}")


def _separated(file: _File) -> Iterator[Row]:
    csv.field_size_limit(_MAX_CELL_CHARS)
    delimiter = "\t" if file.path.suffix.lower() == ".tsv" else ","
    with file.path.open(encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text, delimiter=delimiter, strict=True)
        head = next(rows, [])
        if twice := [name for name, count in Counter(head).items() if count > 1]:
            raise RouterError(f"{str(file.path)!r} has several columns {twice[0]!r}")
        end = rows.line_num
        for cells in rows:
            start, end = end + 1, rows.line_num
            if len(cells) == len(head):
                pairs = zip(head, cells, strict=True)
                told = {name: cell for name, cell in pairs if cell}
                yield file.row(file.line(start), start, told, columns=head)
            elif cells:
                fault = f"has {len(cells)} cells, the head has {len(head)}"
                file.faults.add(file.line(start), fault)


def _parquet(file: _File) -> Iterator[Row]:
    pyarrow = _pyarrow(file)
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file.path) as table:
            names = table.schema_arrow.names
            columns = [name for name in names if name in file.wanted]
            yield from _batches(file, table.iter_batches(_BATCH_ROWS, columns=columns), names)
    except pyarrow.ArrowException as exc:
        raise RouterError(f"{str(file.path)!r} is no parquet file: {exc}") from exc


def _arrow(file: _File) -> Iterator[Row]:
    pyarrow = _pyarrow(file)
    try:
        with pyarrow.OSFile(str(file.path)) as source:
            is_file = source.read(len(_ARROW_FILE)) == _ARROW_FILE
            source.seek(0)
            opened = pyarrow.ipc.open_file(source) if is_file else pyarrow.ipc.open_stream(source)
            batches = map(opened.get_batch, range(opened.num_record_batches)) if is_file else opened
            columns = [name for name in opened.schema.names if name in file.wanted]
            kept = (batch.select(columns) for batch in batches)
            yield from _batches(file, kept, opened.schema.names)
    except pyarrow.ArrowException as exc:
        raise RouterError(f"{str(file.path)!r} is no arrow file: {exc}") from exc


def _batches(file: _File, batches: Iterable[Any], columns: Sequence[str]) -> Iterator[Row]:
    number = 0
    for batch in batches:
        cells = [column.to_pylist() for column in batch.columns]
        for values in zip(*cells, strict=True):
            number += 1
            told = dict(zip(batch.schema.names, values, strict=True))
            yield file.row(f"{file.path.name}, row {number}", number, told, columns=columns)


def _pyarrow(file: _File) -> Any:
    try:
        import pyarrow.ipc
    except ImportError as exc:
        raise RouterError(
            f"{str(file.path)!r} needs pyarrow to be read: pip install 'orchestrator[data]'"
        ) from exc
    return pyarrow


_READERS: dict[str, Callable[[_File], Iterator[Row]]] = {
    ".json": _json_list,
    ".csv": _separated,
    ".tsv": _separated,
    ".parquet": _parquet,
    ".arrow": _arrow,
}

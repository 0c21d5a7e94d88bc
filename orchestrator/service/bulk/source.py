"""What is to be answered: the files of an input, cut into blocks that are read on their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from orchestrator.errors import SetupError
from orchestrator.service.bulk.columns import check_columns
from orchestrator.service.bulk.folder import Entry, Folder
from orchestrator.service.bulk.parquet import groups_of

Kind = Literal["jsonl", "parquet"]
_KINDS: dict[str, Kind] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a file: the unit that is routed, and routed again where its node died."""

    #: From 0, in the order of the input.
    number: int
    path: str
    kind: Kind
    #: Of JSONL bytes: its lines begin in `[start, end)`. Of parquet rows of `group`.
    start: int
    end: int
    #: The row group, of parquet.
    group: int = 0
    #: Rows of the file before it, of parquet; of JSONL known only once those are read.
    num_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files of an input at one moment."""

    folder: Folder
    entries: tuple[Entry, ...]

    @property
    def fingerprint(self) -> str:
        """Another one where a file came, went or changed."""
        told = "\n".join(f"{one.path}\0{one.num_bytes}\0{one.changed_ns}" for one in self.entries)
        return hashlib.sha256(f"{self.folder.url}\n{told}".encode()).hexdigest()

    @property
    def num_bytes(self) -> int:
        """Of all files."""
        return sum(one.num_bytes for one in self.entries)

    def blocks(self, *, block_bytes: int) -> list[Block]:
        """All blocks, in order; about `block_bytes` each, of parquet before compression.

        Raises:
            SetupError: a parquet file is none, or has not the columns.
            StorageError: a file cannot be read.
        """
        found: list[Block] = []
        for entry in self.entries:
            kind = _KINDS[PurePosixPath(entry.path).suffix]
            cut = _lines if kind == "jsonl" else _groups
            found.extend(cut(self.folder, entry, block_bytes=block_bytes, first=len(found)))
        return found


def source_at(url: str) -> Source:
    """The input at a URL: a file, or all files of a folder that can be read.

    Names that begin with `.` or `_` are left aside, as tools that write such folders have them.

    Raises:
        SetupError: there is nothing to read.
        StorageError: it cannot be looked at.
    """
    folder = Folder(url)
    if folder.is_file():
        above, _, name = folder.url.rpartition("/")
        folder = Folder(above or ("/" if folder.url.startswith("/") else "."))
        entries = [one for one in folder.entries() if one.path == name]
        _require_kind(url, name)
    else:
        entries = [one for one in folder.entries() if _is_input(one.path)]
    if not entries:
        raise SetupError(
            f"there is nothing to read at {url!r}: give a file, or a folder with files, that end "
            f"in {', '.join(_KINDS)}"
        )
    return Source(folder=folder, entries=tuple(entries))


def _require_kind(url: str, name: str) -> None:
    if PurePosixPath(name).suffix not in _KINDS:
        raise SetupError(f"{url!r} ends in none of {', '.join(_KINDS)}: rename or convert it")


def _is_input(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return PurePosixPath(path).suffix in _KINDS and not any(p.startswith((".", "_")) for p in parts)


def _lines(folder: Folder, entry: Entry, *, block_bytes: int, first: int) -> Iterator[Block]:
    with folder.opened(entry.path) as file:
        _refuse_wide(file.read(2), f"{folder.url}/{entry.path}")
    for number, start in enumerate(range(0, entry.num_bytes, block_bytes)):
        yield Block(
            number=first + number,
            path=entry.path,
            kind="jsonl",
            start=start,
            end=min(start + block_bytes, entry.num_bytes),
        )


def _groups(folder: Folder, entry: Entry, *, block_bytes: int, first: int) -> Iterator[Block]:
    with folder.opened(entry.path) as file:
        columns, groups = groups_of(file, f"{folder.url}/{entry.path}")
    check_columns(columns, f"{folder.url}/{entry.path}")
    number, num_before = first, 0
    for index, group in enumerate(groups):
        step = max(1, group.num_rows * block_bytes // max(group.num_bytes, 1))
        for start in range(0, group.num_rows, step):
            end = min(start + step, group.num_rows)
            yield Block(
                number=number, path=entry.path, kind="parquet", start=start, end=end, group=index,
                num_before=num_before + start,
            )  # fmt: skip
            number += 1
        num_before += group.num_rows


def _refuse_wide(head: bytes, name: str) -> None:
    """Refuse UTF-16, all of whose lines would be faults.

    Raises:
        SetupError: the file begins as UTF-16 does.
    """
    if head in (b"\xff\xfe", b"\xfe\xff"):
        raise SetupError(f"{name!r} is UTF-16: save it as UTF-8")

"""Folders that appear whole or not at all, and safetensors files written piece by piece."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import MergeError
from orchestrator.merging.tensors import Bytes

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a header says of one tensor."""

    dtype: str
    shape: tuple[int, ...]
    num_bytes: int


def write_safetensors(
    path: Path, forms: Mapping[str, Form], pieces: Callable[[str], Iterable[Bytes]]
) -> str:
    """Write one file, asking for the bytes of each tensor when its turn comes.

    A model so never has to fit in memory.

    Returns:
        SHA-256 of the file.
    """
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for piece in _parts(forms, pieces):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _parts(
    forms: Mapping[str, Form], pieces: Callable[[str], Iterable[Bytes]]
) -> Iterator[bytes | memoryview]:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, form in forms.items():
        begin, end = end, end + form.num_bytes
        header[name] = {
            "dtype": form.dtype,
            "shape": list(form.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # readers map tensors into memory, which wants them aligned
    yield struct.pack("<Q", len(text)) + text
    for name in forms:
        for piece in pieces(name):
            yield piece.data


def check_free(folder: Path, *, replaces: bool, forbidden: Iterable[Path]) -> None:
    """Refuse a folder that is there and may not be replaced.

    Args:
        folder: to be written.
        replaces: whether what is there may go.
        forbidden: folders that may not go in any case: what is merged.

    Raises:
        MergeError: says which it is.
    """
    for source in forbidden:
        if source.resolve() == folder.resolve():
            raise MergeError(f"{folder} holds one of the experts to merge; write to another --out")
    if folder.exists() and not replaces:
        raise MergeError(f"{folder} is there already; name another --out, or replace it by --force")


def check_space(folder: Path, num_bytes: int) -> None:
    """Refuse what the disk has no room for, before anything is written.

    Raises:
        MergeError: with what is needed and free.
    """
    present = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    free = shutil.disk_usage(present).free
    if num_bytes > free:
        raise MergeError(
            f"{folder}: {num_bytes / 2**30:.3g} GiB are needed and {free / 2**30:.3g} GiB are free"
        )


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """A folder to write to, which takes the place of `folder` when the block ends well.

    Raises:
        MergeError: the disk is full or refuses; nothing half-written is left behind.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workspace = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
        try:
            written = workspace / "new"
            written.mkdir()
            yield written
            _take_place(written, folder, aside=workspace / "old")
        finally:
            shutil.rmtree(workspace, ignore_errors=True)
    except OSError as exc:
        what = "the disk is full" if exc.errno in _FULL else exc.strerror
        raise MergeError(f"{folder} was not written: {what}") from exc


def _take_place(written: Path, folder: Path, *, aside: Path) -> None:
    """Rename `written` to `folder`; what was there comes back where that fails."""
    if not folder.exists():
        written.rename(folder)
        return
    folder.rename(aside)
    try:
        written.rename(folder)
    except OSError:
        aside.rename(folder)
        raise

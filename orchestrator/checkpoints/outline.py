"""The outline of a model: its configuration and the headers of its weights, without the weights.

A few kilobytes say which engine a model fits and how much memory it takes, so that siblings are
recognised before tens of GiB are fetched. The files are sparse: as long as the real ones, and
empty behind the header.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from pathlib import Path

from orchestrator.checkpoints.library import OUTLINE
from orchestrator.checkpoints.manifest import bytes_of
from orchestrator.checkpoints.origin import Origin, Remote
from orchestrator.errors import ModelError, WeightsError

#: The longest header the format allows, bytes.
_MAX_HEADER = 100_000_000
_TEXTS = (".json",)


def write_outline(entry: Path, origin: Origin, files: tuple[Remote, ...]) -> Path:
    """Fetch the outline of a model into its place in the library.

    Raises:
        ModelError: the source does not give it.
        WeightsError: a file of weights is none.
    """
    entry.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{OUTLINE}.", dir=entry))
    try:
        for file in files:
            if file.name.endswith(".safetensors"):
                _write_header(draft / file.name, origin, file)
            elif file.name.endswith(_TEXTS):
                _write_whole(draft / file.name, origin, file)
        shutil.rmtree(entry / OUTLINE, ignore_errors=True)
        return draft.rename(entry / OUTLINE)
    except OSError as exc:
        raise ModelError(f"{draft} cannot be written: {exc.strerror or exc}") from exc
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_whole(path: Path, origin: Origin, file: Remote) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as sink, origin.read(file, offset=0) as chunks:
        for chunk in chunks:
            sink.write(chunk)
    if file.num_bytes not in (None, bytes_of(path)):
        raise ModelError(f"{file.name!r} ended at byte {bytes_of(path)} of {file.num_bytes}")


def _write_header(path: Path, origin: Origin, file: Remote) -> None:
    header = _read_header(origin, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as sink:
        sink.write(header)
        sink.truncate(max(len(header), file.num_bytes or 0))


def _read_header(origin: Origin, file: Remote) -> bytes:
    found = b""
    with origin.read(file, offset=0) as chunks:
        for chunk in chunks:
            found += chunk
            if len(found) >= 8 and len(found) >= (length := _length(found, file)):
                return found[:length]
    raise WeightsError(f"{file.name!r} is truncated: it ends at byte {len(found)}, in its header")


def _length(start: bytes, file: Remote) -> int:
    (length,) = struct.unpack("<Q", start[:8])
    if length > _MAX_HEADER:
        raise WeightsError(f"{file.name!r} is not safetensors: it announces {length} bytes of it")
    return 8 + int(length)

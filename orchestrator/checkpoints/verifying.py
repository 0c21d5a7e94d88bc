"""Whether files are what their source and the registry say they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from orchestrator.checkpoints.manifest import KeptFile
from orchestrator.checkpoints.origin import CHUNK_BYTES, Remote
from orchestrator.checkpoints.sources import Wanted, safe
from orchestrator.errors import ModelError, WeightsError

#: Reads the headers of a folder's weights; raises `WeightsError`.
Inspect = Callable[[Path], object]


def hashed(folder: Path, names: Iterable[str]) -> tuple[KeptFile, ...]:
    """Read every file once.

    Raises:
        ModelError: one cannot be read.
    """
    return tuple(_hashed(folder, name) for name in names)


def require_equal(
    kept: Iterable[KeptFile], expected: Iterable[Remote], wanted: Wanted, *, is_ours: Path | None
) -> None:
    """Compare what was found with what the source and the registry say.

    Args:
        kept: as found.
        expected: by the source.
        wanted: by the registry.
        is_ours: the folder, where it is of the library: a file that is not its source's own is
            removed from it, so that another try fetches it anew. All others stay.

    Raises:
        WeightsError: they differ; names every file.
    """
    by_name = {file.name: file for file in expected}
    faults: list[str] = []
    for file in kept:
        theirs = by_name.get(file.name)
        differences = list(_differences(file, theirs, wanted.sha256.get(file.name)))
        faults += differences
        if differences and is_ours is not None and theirs is not None:
            faults.append(_consequence(is_ours / file.name, file, theirs))
    if faults:
        raise WeightsError(
            f"expert {wanted.expert_id!r}: {safe(wanted.source)}: {'; '.join(faults)}"
        )


def _consequence(path: Path, found: KeptFile, theirs: Remote) -> str:
    """What becomes of a file that differs; fetching again and again what may be right is none."""
    is_spoilt = theirs.num_bytes not in (None, found.num_bytes) or (
        theirs.sha256 not in (None, found.sha256)
    )
    if is_spoilt:
        path.unlink(missing_ok=True)
        return "it was removed and is fetched anew by another try, what is right is kept"
    return f"if the registry is right, remove {path} to have it fetched anew"


def require_sound(folder: Path, wanted: Wanted, inspect: Inspect) -> None:
    """Look into the folder as an engine would, without reading tensors.

    Raises:
        WeightsError: weights are damaged or the configuration is missing.
    """
    if not (folder / wanted.config).is_file():
        raise WeightsError(f"expert {wanted.expert_id!r}: {folder} has no {wanted.config}")
    inspect(folder)


def _differences(found: KeptFile, theirs: Remote | None, registrys: str | None) -> Iterator[str]:
    if theirs is not None and theirs.num_bytes not in (None, found.num_bytes):
        yield f"{found.name!r} has {found.num_bytes} bytes, its source has {theirs.num_bytes}"
    elif theirs is not None and theirs.sha256 not in (None, found.sha256):
        yield f"{found.name!r} hashes to {found.sha256}, its source says {theirs.sha256}"
    elif registrys not in (None, found.sha256):
        yield f"{found.name!r} hashes to {found.sha256}, the registry's `sha256` says {registrys}"


def _hashed(folder: Path, name: str) -> KeptFile:
    path = folder / name
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
        found = path.stat()
    except OSError as exc:
        raise ModelError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    return KeptFile(
        name=name,
        num_bytes=found.st_size,
        sha256=digest.hexdigest(),
        modified_ns=found.st_mtime_ns,
    )

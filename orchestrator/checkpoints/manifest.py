"""What is known of one model in the library, as a file beside its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.errors import ModelError

FILE = "manifest.json"
PARTIAL = ".partial"

#: Where a model is before any engine can have it.
State = Literal["absent", "downloading", "verified"]


class KeptFile(BaseModel):
    """One file of a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    #: `None` until it is here, where its source does not say.
    num_bytes: int | None
    #: What it must hash to by its source or, once verified, what it was found to hash to.
    sha256: str | None = None
    #: When it was last written, nanoseconds; `None` until it was verified.
    modified_ns: int | None = None


class Manifest(BaseModel):
    """One model of the library: what it is, where it came from, how far it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    source: str
    #: As the registry asks for it.
    revision: str | None = None
    #: The commit of a hub; a digest of names, sizes and dates of another source.
    commit: str
    state: State
    #: Where the files lie, absolute.
    folder: str
    files: tuple[KeptFile, ...]
    #: Whether Python files were fetched too.
    has_code: bool = False
    #: When the state was reached, UTC.
    at: str

    @property
    def num_bytes(self) -> int:
        """All its files, as far as their sizes are known."""
        return sum(file.num_bytes or 0 for file in self.files)

    @property
    def is_intact(self) -> bool:
        """Whether every file is there as it was verified; hashes nothing."""
        return all(_is_as_verified(Path(self.folder) / file.name, file) for file in self.files)

    @property
    def bytes_here(self) -> int:
        """How much of it is on this disk, unfinished files included."""
        return sum(bytes_of(Path(self.folder) / file.name) for file in self.files)


def _is_as_verified(path: Path, file: KeptFile) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_size == file.num_bytes and found.st_mtime_ns == file.modified_ns


def bytes_of(path: Path) -> int:
    """Size of a file or of what there is of it."""
    for candidate in (path, partial(path)):
        with suppress(OSError):
            return candidate.stat().st_size
    return 0


def partial(path: Path) -> Path:
    """Where a file grows until it is whole."""
    return path.with_name(path.name + PARTIAL)


def read_manifest(entry: Path) -> Manifest | None:
    """The manifest in the folder of one model, `None` where there is none.

    Raises:
        ModelError: there is one that is not what was written.
    """
    path = entry / FILE
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise ModelError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except ValidationError as exc:
        raise ModelError(
            f"{path} is no manifest of this version; delete it, and the files are checked anew"
        ) from exc


def write_manifest(entry: Path, manifest: Manifest) -> None:
    """Replace the manifest of one model at once, so that no reader sees half of it."""
    with replacing(entry / FILE) as path:
        path.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file of another name to write, which takes the place of `path` when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

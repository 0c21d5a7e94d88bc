"""Where files are fetched from: one narrow seam, with one implementation a kind of source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

#: Bytes read at once.
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One file of a source."""

    #: Relative, with `/`.
    name: str
    #: `None` where the source does not say.
    num_bytes: int | None
    #: By the source itself, where it says.
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of a source at one moment."""

    #: Commit of a hub; a digest of names, sizes and dates of another source. Another commit means
    #: other files: what was fetched of one does not go on with another.
    commit: str
    files: tuple[Remote, ...]


class Origin(Protocol):
    """A source of files; what is wrong with it is a `ModelError` that names it."""

    def listing(self) -> Listing:
        """Its files now.

        Raises:
            ModelError: it does not exist or does not let us in.
            TransferError: it does not answer.
        """
        ...

    def read(self, file: Remote, *, offset: int) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes of one file from `offset` on.

        Raises:
            ModelError: the file is gone.
            TransferError: they stopped coming; here or while they are read.
        """
        ...

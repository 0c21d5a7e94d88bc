"""What batches ask of who keeps files."""

from __future__ import annotations

from typing import Protocol

from orchestrator.batch.asked import Page
from orchestrator.batch.stored_file import Purpose, StoredFile


class FileBook(Protocol):
    """Which files there are; contents lie in the storage beside it."""

    async def register(self, file: StoredFile) -> StoredFile:
        """Keep a file whose contents are stored; the same again changes nothing."""
        ...

    def find(self, file_id: str, *, owner: str) -> StoredFile:
        """The file of this id.

        Raises:
            NotFoundError: there is none, it has expired, or it is another's.
        """
        ...

    def page(
        self, page: Page, *, owner: str, purpose: Purpose | None = None
    ) -> tuple[list[StoredFile], bool]:
        """A page of files, and whether there are more."""
        ...

    async def delete(self, file_id: str, *, owner: str) -> None:
        """Remove a file and its contents."""
        ...

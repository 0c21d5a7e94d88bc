"""Who keeps files and batches, as the endpoint asks it."""

from __future__ import annotations

from typing import Protocol

from orchestrator.batch.asked import NewBatch, Page
from orchestrator.batch.batch import Batch
from orchestrator.batch.progress import BatchProgress, Timeline
from orchestrator.batch.stored_file import Purpose, StoredFile


class BatchControl(Protocol):
    """Everything is asked for an owner, and what is another's is not found.

    Every method raises `ExpertUnavailableError` while who keeps them does not answer.
    """

    async def create(self, asked: NewBatch, *, owner: str) -> Batch:
        """A batch that is validated next.

        Raises:
            RequestError: the file is not there or not for batches, the window is not supported.
        """
        ...

    async def batch(self, batch_id: str, *, owner: str) -> Batch:
        """The batch of this id.

        Raises:
            NotFoundError: there is none.
        """
        ...

    async def batches(self, page: Page, *, owner: str) -> tuple[list[Batch], bool]:
        """A page of batches, and whether there are more."""
        ...

    async def cancel(self, batch_id: str, *, owner: str) -> Batch:
        """Begin to cancel; what is finished is kept.

        Raises:
            NotFoundError: there is none.
            ConflictError: it has ended.
        """
        ...

    async def progress(self, batch_id: str, *, owner: str) -> BatchProgress:
        """How far it is.

        Raises:
            NotFoundError: there is none.
        """
        ...

    async def timeline(self, batch_id: str, *, owner: str) -> Timeline:
        """What was predicted, and what happened so far.

        Raises:
            NotFoundError: there is none.
        """
        ...

    async def register(self, file: StoredFile) -> StoredFile:
        """Keep a file whose contents are stored."""
        ...

    async def file(self, file_id: str, *, owner: str) -> StoredFile:
        """The file of this id.

        Raises:
            NotFoundError: there is none, or it has expired.
        """
        ...

    async def files(
        self, page: Page, *, owner: str, purpose: Purpose | None = None
    ) -> tuple[list[StoredFile], bool]:
        """A page of files, and whether there are more."""
        ...

    async def delete_file(self, file_id: str, *, owner: str) -> None:
        """Remove a file and its contents.

        Raises:
            NotFoundError: there is none.
            ConflictError: a batch that has not ended reads it.
        """
        ...

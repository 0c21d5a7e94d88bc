"""What a batch ends with, stored at once: both of its files, or neither.

Written when both files are whole and before either is told of, so that whoever is killed before
writes new ones, and whoever is killed after goes on with these.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.batch import places
from orchestrator.batch.batch import RequestCounts
from orchestrator.batch.states import Ending
from orchestrator.batch.storage import Storage
from orchestrator.batch.stored_file import StoredFile
from orchestrator.errors import NotStoredError


class StoredEnding(BaseModel):
    """The files, as they are to be registered."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    output: StoredFile | None = None
    error: StoredFile | None = None
    counts: RequestCounts

    @property
    def ending(self) -> Ending:
        """For the batch."""
        return Ending(
            output_file_id=self.output.id if self.output else None,
            error_file_id=self.error.id if self.error else None,
            counts=self.counts,
        )

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """Those that there are."""
        return tuple(file for file in (self.output, self.error) if file is not None)


async def stored_ending(storage: Storage, batch_id: str) -> StoredEnding | None:
    """What was stored before; a damaged one is as none.

    Raises:
        StorageError: it cannot be read now.
    """
    try:
        return StoredEnding.model_validate_json(await storage.read(places.ending(batch_id)))
    except (NotStoredError, ValidationError):
        return None


async def store_ending(storage: Storage, batch_id: str, ending: StoredEnding) -> None:
    """Keep it for good.

    Raises:
        StorageError: it cannot be stored now.
    """
    await storage.write(places.ending(batch_id), ending.model_dump_json().encode())

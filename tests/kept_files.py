"""Who keeps files, as the endpoint asks it: the registry that a service has, in this process."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.batch.asked import Page
from orchestrator.batch.files import Files
from orchestrator.batch.storage import Storage
from orchestrator.batch.stored_file import Purpose, StoredFile
from tests.kept_batches import KeptBatches
from tests.served import Service


@dataclass(kw_only=True)
class KeptFiles(KeptBatches):
    """Implements `BatchControl`; its files are real ones."""

    kept: Files = field()

    async def register(self, file: StoredFile) -> StoredFile:
        return await self.kept.register(file)

    async def file(self, file_id: str, *, owner: str) -> StoredFile:
        return self.kept.find(file_id, owner=owner)

    async def files(
        self, page: Page, *, owner: str, purpose: Purpose | None = None
    ) -> tuple[list[StoredFile], bool]:
        return self.kept.page(page, owner=owner, purpose=purpose)

    async def delete_file(self, file_id: str, *, owner: str) -> None:
        await self.kept.delete(file_id, owner=owner)


def service_over(storage: Storage, *, now_s: float = 1_700_000_000.0, **more) -> Service:
    """The endpoint with files in a storage."""
    files = Files(storage, clock=lambda: now_s)
    return Service(batches=KeptFiles(kept=files), storage=storage, **more)

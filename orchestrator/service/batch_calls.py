"""Who keeps batches as gateways see it: another process, reached by its Serve handle."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, cast

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from orchestrator.batch.asked import NewBatch, Page
from orchestrator.batch.batch import Batch
from orchestrator.batch.progress import BatchProgress, Timeline
from orchestrator.batch.stored_file import Purpose, StoredFile
from orchestrator.errors import ExpertUnavailableError, OrchestratorError
from orchestrator.service.ray_engine import RETRY_AFTER_S

#: What may be asked; each is a method of `BatchControl`.
BatchQuestion = Literal[
    "create",
    "batch",
    "batches",
    "cancel",
    "progress",
    "timeline",
    "register",
    "file",
    "files",
    "delete_file",
]

#: A runner that was killed is back within this, seconds; Serve holds what is asked meanwhile.
_PATIENCE_S = 20.0
#: Between two tries to reach one that died while it was asked.
_AGAIN_S = 0.25
#: Asked twice it would do twice.
_ONCE: frozenset[BatchQuestion] = frozenset({"create"})


class BatchCalls:
    """Implements `BatchControl` of `api/` by calls of the batch runner.

    Args:
        handle: of its deployment; must be used inside an event loop.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def create(self, asked: NewBatch, *, owner: str) -> Batch:
        """See `BatchControl.create`."""
        return cast("Batch", await self._ask("create", asked, owner=owner))

    async def batch(self, batch_id: str, *, owner: str) -> Batch:
        """See `BatchControl.batch`."""
        return cast("Batch", await self._ask("batch", batch_id, owner=owner))

    async def batches(self, page: Page, *, owner: str) -> tuple[list[Batch], bool]:
        """See `BatchControl.batches`."""
        return cast("tuple[list[Batch], bool]", await self._ask("batches", page, owner=owner))

    async def cancel(self, batch_id: str, *, owner: str) -> Batch:
        """See `BatchControl.cancel`."""
        return cast("Batch", await self._ask("cancel", batch_id, owner=owner))

    async def progress(self, batch_id: str, *, owner: str) -> BatchProgress:
        """See `BatchControl.progress`."""
        return cast("BatchProgress", await self._ask("progress", batch_id, owner=owner))

    async def timeline(self, batch_id: str, *, owner: str) -> Timeline:
        """See `BatchControl.timeline`."""
        return cast("Timeline", await self._ask("timeline", batch_id, owner=owner))

    async def register(self, file: StoredFile) -> StoredFile:
        """See `BatchControl.register`."""
        return cast("StoredFile", await self._ask("register", file))

    async def file(self, file_id: str, *, owner: str) -> StoredFile:
        """See `BatchControl.file`."""
        return cast("StoredFile", await self._ask("file", file_id, owner=owner))

    async def files(
        self, page: Page, *, owner: str, purpose: Purpose | None = None
    ) -> tuple[list[StoredFile], bool]:
        """See `BatchControl.files`."""
        found = await self._ask("files", page, owner=owner, purpose=purpose)
        return cast("tuple[list[StoredFile], bool]", found)

    async def delete_file(self, file_id: str, *, owner: str) -> None:
        """See `BatchControl.delete_file`."""
        await self._ask("delete_file", file_id, owner=owner)

    async def _ask(self, question: BatchQuestion, *arguments: Any, **named: Any) -> Any:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self._persistently(question, *arguments, **named)
        except (TimeoutError, RayError, RayServeException) as exc:
            raise ExpertUnavailableError(
                f"who keeps batches does not answer ({type(exc).__name__}); those under way go on "
                "once it is back",
                retry_after_s=RETRY_AFTER_S,
            ) from exc
        if isinstance(answer, OrchestratorError):
            raise answer
        return answer

    async def _persistently(self, question: BatchQuestion, *arguments: Any, **named: Any) -> Any:
        while True:
            response = self._handle.ask.remote(question, *arguments, **named)
            try:
                return await response
            except (RayError, RayServeException):
                if question in _ONCE:
                    raise
                await asyncio.sleep(_AGAIN_S)
            except asyncio.CancelledError:
                response.cancel()
                raise

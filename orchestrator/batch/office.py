"""Who keeps batches and files: takes what is asked, and carries every batch to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from orchestrator.batch import batch_records
from orchestrator.batch.asked import NewBatch, Page
from orchestrator.batch.batch import Batch
from orchestrator.batch.batch_spans import BatchSpans
from orchestrator.batch.claim import claimed
from orchestrator.batch.endpoint import ENDPOINTS, Endpoint
from orchestrator.batch.executing import Executor
from orchestrator.batch.files import Files
from orchestrator.batch.history import load_history
from orchestrator.batch.ids import new_batch_id
from orchestrator.batch.life import Life
from orchestrator.batch.life_parts import LifeParts
from orchestrator.batch.paging import page_of
from orchestrator.batch.progress import BatchProgress, Timeline
from orchestrator.batch.repeated import made_before
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage import Storage
from orchestrator.batch.stored_file import Purpose, StoredFile
from orchestrator.batch.upkeep import Upkeep
from orchestrator.batch.windows import window_s
from orchestrator.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    OrchestratorError,
    StorageError,
)


class BatchOffice:
    """See `BatchControl` of the endpoint; there is one a storage.

    Args:
        storage: where all of it is kept; whatever is not stored is not told.
        files: which files there are; the office reads them at its start.
        endpoint: validates and answers lines.
        executor: has lines answered by plan.
        clock: Unix time, seconds.
        settings: limits and times.
        spans: of batches; nobody records without.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        files: Files,
        endpoint: Endpoint,
        executor: Executor,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        settings: BatchSettings | None = None,
        spans: BatchSpans | None = None,
    ) -> None:
        self._storage = storage
        self._files = files
        self._endpoint = endpoint
        self._executor = executor
        self._clock = clock
        self._monotonic = monotonic
        self._settings = settings or BatchSettings()
        self._spans = spans or BatchSpans()
        files.used_by = self.reader_of
        self._parts: LifeParts | None = None
        #: What is under way and what has ended, by id.
        self.lives: dict[str, Life] = {}
        #: Why a batch is left alone.
        self._unreadable: dict[str, str] = {}
        self._upkeep: list[asyncio.Task[None]] = []
        #: Held while a batch that has a name is begun.
        self._naming = asyncio.Lock()

    async def start(self) -> None:
        """Read everything that is stored, and go on with what has not ended.

        Raises:
            StorageError: it cannot be read now.
        """
        await self._files.start()
        parts = await self._claimed_parts()
        found = await batch_records.load_all(self._storage)
        self._unreadable = found.unreadable
        for batch in sorted(found.batches, key=lambda one: (one.created_at, one.id)):
            self.lives[batch.id] = Life(batch, parts)
        self._parts = parts
        for life in self.lives.values():
            life.start()
        upkeep = Upkeep(parts, self.lives, let_go=self._let_go)
        self._upkeep = [
            asyncio.create_task(upkeep.sweep(), name="old batches"),
            asyncio.create_task(upkeep.watch(), name="claim of batches"),
        ]

    async def close(self) -> None:
        """Let go of every batch; what is stored stays, and the next office goes on from there."""
        for task in self._upkeep:
            task.cancel()
        await asyncio.gather(*self._upkeep, return_exceptions=True)
        await self._let_go()

    async def _let_go(self) -> None:
        self._parts = None
        await asyncio.gather(*(life.stop() for life in self.lives.values()))
        for life in self.lives.values():
            self._spans.end(life.batch)

    def reader_of(self, file_id: str) -> str | None:
        """The batch that has not ended and reads a file, so that it is not deleted."""
        for life in self.lives.values():
            if life.batch.input_file_id == file_id and not life.batch.has_ended:
                return life.batch.id
        return None

    async def create(self, asked: NewBatch, *, owner: str) -> Batch:
        """See `BatchControl.create`."""
        parts = self._started()
        self._check(asked, owner)
        now_s, seconds = self._clock(), window_s(asked.completion_window)
        batch = Batch(
            id=new_batch_id(clock=self._clock),
            endpoint=asked.endpoint,
            input_file_id=asked.input_file_id,
            completion_window=asked.completion_window,
            window_s=seconds,
            created_at=int(now_s),
            expires_at=int(now_s) + seconds,
            metadata=dict(asked.metadata),
            output_expires_after_s=asked.output_expires_after_s,
            owner=owner,
            once=asked.once,
        )
        # Whoever hangs up leaves a batch that is there, or one that is not.
        return await asyncio.shield(asyncio.ensure_future(self._made(batch, parts)))

    async def _made(self, batch: Batch, parts: LifeParts) -> Batch:
        """Begin a batch, once where it has a name."""
        if not batch.once:
            await self._begin(Life(batch, parts), parts)
            return batch
        async with self._naming:
            known = (life.batch for life in self.lives.values())
            if (before := made_before(batch, known, now_s=self._clock())) is not None:
                return before
            await self._begin(Life(batch, parts), parts)
            return batch

    async def _begin(self, life: Life, parts: LifeParts) -> None:
        # Before it is stored, so that its file is not deleted meanwhile.
        self.lives[life.batch.id] = life
        try:
            await parts.claim.check()
            await batch_records.save(self._storage, life.batch)
        except OrchestratorError:
            del self.lives[life.batch.id]
            raise
        life.start()

    async def batch(self, batch_id: str, *, owner: str) -> Batch:
        """See `BatchControl.batch`."""
        return (await self._counted(batch_id, owner)).batch

    async def batches(self, page: Page, *, owner: str) -> tuple[list[Batch], bool]:
        """See `BatchControl.batches`."""
        self._started()
        own = [life for life in self.lives.values() if life.batch.owner == owner]
        await asyncio.gather(*(life.counted() for life in own if not life.batch.has_ended))
        return page_of([life.batch for life in own], page)

    async def cancel(self, batch_id: str, *, owner: str) -> Batch:
        """See `BatchControl.cancel`."""
        return await (await self._counted(batch_id, owner)).cancel()

    async def progress(self, batch_id: str, *, owner: str) -> BatchProgress:
        """See `BatchControl.progress`."""
        return (await self._counted(batch_id, owner)).progress()

    async def timeline(self, batch_id: str, *, owner: str) -> Timeline:
        """See `BatchControl.timeline`."""
        life = self._life(batch_id, owner)
        if (live := life.timeline()) is not None:
            return live
        history = await load_history(self._storage, batch_id)
        return history.timeline(batch_id) if history else Timeline(batch_id=batch_id)

    async def register(self, file: StoredFile) -> StoredFile:
        """See `BatchControl.register`."""
        return await self._files.register(file)

    async def file(self, file_id: str, *, owner: str) -> StoredFile:
        """See `BatchControl.file`."""
        return self._files.find(file_id, owner=owner)

    async def files(
        self, page: Page, *, owner: str, purpose: Purpose | None = None
    ) -> tuple[list[StoredFile], bool]:
        """See `BatchControl.files`."""
        return self._files.page(page, owner=owner, purpose=purpose)

    async def delete_file(self, file_id: str, *, owner: str) -> None:
        """See `BatchControl.delete_file`."""
        await self._files.delete(file_id, owner=owner)

    def _check(self, asked: NewBatch, owner: str) -> None:
        """Raises where the file is none for batches, or the endpoint is none for lines."""
        if asked.endpoint not in ENDPOINTS:
            raise InvalidRequestError(
                f"'endpoint' is {asked.endpoint[:64]!r}; allowed: {', '.join(ENDPOINTS)}",
                param="endpoint",
            )
        try:
            file = self._files.find(asked.input_file_id, owner=owner)
        except NotFoundError as error:
            raise NotFoundError(error.message, param="input_file_id") from error
        if file.purpose != "batch":
            raise InvalidRequestError(
                f"file {file.id!r} has purpose {file.purpose!r}; a batch reads files that were "
                "uploaded with purpose 'batch'",
                param="input_file_id",
            )

    def _life(self, batch_id: str, owner: str) -> Life:
        self._started()
        if batch_id in self._unreadable:
            raise ConflictError(self._unreadable[batch_id])
        life = self.lives.get(batch_id)
        if life is None or life.batch.owner != owner:
            raise NotFoundError(_unknown(batch_id))
        return life

    async def _counted(self, batch_id: str, owner: str) -> Life:
        """With counts that are known, as soon as its results are read after a restart."""
        life = self._life(batch_id, owner)
        await life.counted()
        return life

    def _started(self) -> LifeParts:
        if self._parts is None:
            raise StorageError("batches are not read yet, or not kept here any more; try again")
        return self._parts

    async def _claimed_parts(self) -> LifeParts:
        return LifeParts(
            storage=self._storage,
            files=self._files,
            endpoint=self._endpoint,
            executor=self._executor,
            claim=await claimed(self._storage),
            clock=self._clock,
            monotonic=self._monotonic,
            settings=self._settings,
            validating=asyncio.Semaphore(self._settings.validated_at_once),
            spans=self._spans,
        )


def _unknown(batch_id: str) -> str:
    return f"no batch {batch_id[:80]!r}; GET /v1/batches lists those that are kept"

"""One batch from its creation to its end, and on from wherever a process before it was killed."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from math import inf

from orchestrator.batch import batch_records, places, states
from orchestrator.batch.batch import Batch
from orchestrator.batch.ending import StoredEnding, store_ending, stored_ending
from orchestrator.batch.execution import Execution, planned_ending
from orchestrator.batch.finishing import Finishing
from orchestrator.batch.life_parts import LifeParts
from orchestrator.batch.line import LineFault
from orchestrator.batch.progress import BatchProgress, Timeline
from orchestrator.batch.reading import Reading, read_again, read_through
from orchestrator.batch.result_lines import CANCELLED, EXPIRED
from orchestrator.batch.storage import Storage
from orchestrator.errors import ConflictError, NotStoredError, OrchestratorError, StorageError
from orchestrator.events.telling import tell

_LOG = logging.getLogger(__name__)


class Life:
    """Moves one batch from status to status, each stored before it is told.

    Args:
        batch: as it is stored.
        parts: shared by all batches.
    """

    def __init__(self, batch: Batch, parts: LifeParts) -> None:
        self._batch = batch
        self._parts = parts
        self._execution: Execution | None = None
        self._task: asyncio.Task[None] | None = None
        #: Held while a status is stored, which is not cut short.
        self._saving = asyncio.Lock()
        self._cancelling = asyncio.Lock()
        #: Whether its window has passed and its files are put together.
        self._is_expiring = False
        self._obstacle: str | None = None
        #: Set once it is known how much of it is stored, also by processes before.
        self._counted = asyncio.Event()
        if batch.status != "in_progress":
            self._counted.set()

    @property
    def batch(self) -> Batch:
        """As it stands; counts are of what is stored."""
        if self._execution is None or self._batch.has_ended:
            return self._batch
        return self._batch.model_copy(update={"request_counts": self._execution.counts})

    @property
    def is_let_go(self) -> bool:
        """Whether nothing moves it here any more: it has ended, or another office has it."""
        return self._task is None or self._task.done()

    async def counted(self) -> None:
        """Wait until its counts are those of what is stored, so that they never go back.

        Not for long: while the storage is away it is told as it was stored last.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._parts.settings.counting_s):
                await self._counted.wait()

    def progress(self) -> BatchProgress:
        """How far it is, and why it does not move where it does not."""
        run = self._parts.executor.progress(self._batch.id)
        return BatchProgress(batch=self.batch, run=run, obstacle=self._held_up or self._obstacle)

    @property
    def _held_up(self) -> str | None:
        """Why its lines are not answered, or what was answered is not stored."""
        if self._execution is None:
            return None
        return self._execution.obstacle or self._parts.endpoint.held_up(self._batch.owner)

    def timeline(self) -> Timeline | None:
        """What was predicted and happened so far; `None` where it is not being executed."""
        return self._execution.timeline() if self._execution is not None else None

    def start(self) -> None:
        """Go on from where it stands."""
        if not self._batch.has_ended:
            self._parts.spans.begin(self._batch)
            self._task = asyncio.create_task(self._run(), name=f"batch {self._batch.id}")

    async def stop(self) -> None:
        """Let go of everything; what is stored stays, and another can go on from there."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        async with self._saving:
            self._task = None

    async def cancel(self) -> Batch:
        """Begin to cancel, stored when it returns; whoever hangs up does not stop it halfway.

        Raises:
            ConflictError: it has ended, or all its lines have.
            StorageError: that cannot be stored now; it goes on as before.
        """
        return await asyncio.shield(asyncio.ensure_future(self._cancel()))

    async def _cancel(self) -> Batch:
        async with self._cancelling:
            self._check_cancel()
            if self._batch.status == "cancelling":
                return self.batch
            await self.stop()
            try:
                self._check_cancel()
                await self._save(states.cancelling(self.batch, now_s=self._parts.clock()))
            finally:
                self.start()
            return self.batch

    def _check_cancel(self) -> None:
        states.cancelling(self._batch, now_s=0)
        if self._is_expiring:
            raise ConflictError(
                f"batch {self._batch.id!r} expires, its window of "
                f"{self._batch.completion_window!r} has passed; what is finished is kept"
            )

    async def _run(self) -> None:
        """Step by step to the end; where a step cannot be done now, it is tried again."""
        wait_s = self._parts.settings.retry_s
        while not self._batch.has_ended:
            before = self._batch.status
            try:
                await self._step()
            except Exception as error:  # noqa: BLE001 - the task's outermost edge
                self._note(error)
                if isinstance(error, ConflictError) and await self._is_taken_over():
                    return
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, self._parts.settings.max_retry_s)
            else:
                self._obstacle = None
            if self._batch.status != before:
                wait_s = self._parts.settings.retry_s

    async def _is_taken_over(self) -> bool:
        """Whether another office moves it on."""
        try:
            await self._parts.claim.check()
        except ConflictError:
            return True
        except StorageError:
            pass
        return False

    def _note(self, error: Exception) -> None:
        """Tell why it does not move, once; with its traceback where nobody foresaw it."""
        told = error.message if isinstance(error, OrchestratorError) else repr(error)
        if told != self._obstacle:
            trace = None if isinstance(error, OrchestratorError) else error
            _LOG.warning("batch %s waits: %s", self._batch.id, told, exc_info=trace)
        self._obstacle = told

    async def _step(self) -> None:
        if self._batch.status == "validating":
            await self._validate()
        elif self._batch.status == "in_progress":
            await self._answer()
        else:
            await self._finish(CANCELLED if self._batch.status == "cancelling" else None)

    async def _validate(self) -> None:
        parts = self._parts
        async with parts.validating:
            found = await read_through(self._batch, parts)
        if isinstance(found, Reading):
            num_lines = len(found.lines)
            begun = states.begun(self._batch, num_lines=num_lines, now_s=parts.clock())
            await self._save(begun)
        else:
            await self._save(states.failed(self._batch, found, now_s=parts.clock()))

    async def _answer(self) -> None:
        """Have its lines answered until all are, or until its window has passed."""
        if not self._batch.is_plan and not await self._execute(until_s=self._batch.expires_at):
            self._is_expiring = True
            await self._finish(EXPIRED)
        else:
            await self._save(states.moved(self.batch, "finalizing", now_s=self._parts.clock()))

    async def _execute(self, *, until_s: float) -> bool:
        """Whether all lines have a result by then, Unix time."""
        read = await read_again(self._batch, self._parts)
        execution = Execution(self._batch, read, self._parts)
        try:
            await execution.open()
            # Not before: until then it counts nothing, and one before it is still right.
            self._execution = execution
            self._counted.set()
            return await execution.run(until_s=until_s)
        finally:
            await execution.close()

    async def _finish(self, rest: LineFault | None) -> None:
        parts, batch_id = self._parts, self._batch.id
        ending = await stored_ending(parts.storage, batch_id)
        if ending is None:
            ending = await self._ending(rest)
            await parts.claim.check()
            await store_ending(parts.storage, batch_id, ending)
        await self._register(ending)
        await self._save(states.ended(self._batch, ending.ending, now_s=parts.clock()))
        with suppress(StorageError):
            await clear(parts.storage, batch_id)

    async def _register(self, ending: StoredEnding) -> None:
        """Have its files listed; where contents are gone, both are made anew from the results."""
        for file in ending.files:
            try:
                await self._parts.files.register(file)
            except NotStoredError:
                if file.expires_at is None or file.expires_at > self._parts.clock():
                    await self._parts.storage.delete(places.ending(self._batch.id))
                    raise
                _LOG.info("file %s of batch %s has expired before", file.id, self._batch.id)

    async def _ending(self, rest: LineFault | None) -> StoredEnding:
        """Its files, written but not told of."""
        if self._batch.in_progress_at is None or (self._batch.is_plan and rest):
            return StoredEnding(counts=self._batch.request_counts)
        read = await read_again(self._batch, self._parts)
        if self._batch.is_plan:
            return await planned_ending(self._batch, read, self._parts)
        while True:
            finishing = Finishing(self._parts.storage, self._batch, lines=read.lines, rest=rest)
            if found := await finishing.finished(now_s=self._parts.clock()):
                return found
            _LOG.warning("batch %s lost results and answers those lines anew", self._batch.id)
            await self._execute(until_s=inf)

    async def _save(self, batch: Batch) -> None:
        """Store it, then be it; not cut short, so that what is stored is known."""
        await asyncio.shield(asyncio.ensure_future(self._stored(batch)))

    async def _stored(self, batch: Batch) -> None:
        async with self._saving:
            await self._parts.claim.check()
            await batch_records.save(self._parts.storage, batch)
            self._batch = batch
            if batch.status != "in_progress":
                self._counted.set()
            if batch.has_ended:
                # Its columns are large, and what is told of it is stored.
                self._execution = None
                self._parts.spans.end(batch)
            counts = batch.request_counts
            tell(
                _LOG,
                "batch",
                batch=batch.id,
                status=batch.status,
                num_lines=counts.total,
                num_done=counts.completed,
            )


async def clear(storage: Storage, batch_id: str) -> None:
    """Remove what nobody needs once a batch has ended.

    Raises:
        StorageError: it cannot be removed now.
    """
    await storage.delete_folder(places.results(batch_id))
    await storage.delete(places.index(batch_id))
    await storage.delete(places.ending(batch_id))

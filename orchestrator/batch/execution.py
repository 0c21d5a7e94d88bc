"""One execution of a batch's lines in this process: plan, answers, journal, and what happened."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from math import inf

from orchestrator.batch.batch import Batch, RequestCounts
from orchestrator.batch.ending import StoredEnding
from orchestrator.batch.executing import Work
from orchestrator.batch.finishing import plan_ending
from orchestrator.batch.history import History, load_history, save_history
from orchestrator.batch.journal import Journal
from orchestrator.batch.life_parts import LifeParts
from orchestrator.batch.line import LineResult
from orchestrator.batch.plan_file import plan_lines
from orchestrator.batch.progress import SlotRun, Timeline
from orchestrator.batch.reading import Reading
from orchestrator.errors import OrchestratorError, StorageError

_LOG = logging.getLogger(__name__)


class Execution:
    """Has the lines answered that have no result yet.

    Args:
        batch: whose.
        reading: its lines, and what they are foreseen to make.
        parts: shared by all batches.
    """

    def __init__(self, batch: Batch, reading: Reading, parts: LifeParts) -> None:
        self._batch = batch
        self._reading = reading
        self._parts = parts
        self._begun_s = parts.clock()
        self._history = History(begun_s=self._begun_s)
        #: Whether what its executor tells is of this execution, and not of one before.
        self._has_begun = False
        #: As last seen: an executor forgets what has ended.
        self._runs: tuple[SlotRun, ...] = ()
        self._journal = Journal(
            parts.storage,
            batch.id,
            writer=parts.claim.name,
            num_lines=len(reading.lines),
            settings=parts.settings,
        )

    @property
    def counts(self) -> RequestCounts:
        """Of what is stored."""
        return self._journal.counts

    @property
    def obstacle(self) -> str | None:
        """Why results are not stored at the moment."""
        return self._journal.obstacle

    def timeline(self) -> Timeline:
        """What was predicted, and what happened so far."""
        return self._history_now().timeline(self._batch.id)

    async def open(self) -> None:
        """Read what was stored by executions before.

        Raises:
            StorageError: it cannot be read now.
        """
        await self._journal.load()
        self._history = await load_history(self._parts.storage, self._batch.id) or self._history

    async def run(self, *, until_s: float) -> bool:
        """Whether all lines have a result by then, Unix time.

        Raises:
            StorageError: lines cannot be read, or results not be stored, for long.
        """
        left_s = until_s - self._parts.clock()
        if left_s <= 0:
            return not len(self._journal.left)
        try:
            async with asyncio.timeout(None if left_s == inf else left_s) as limit:
                while len(self._journal.left):
                    await self._answer(left_s)
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            await self._keep_history()
        await self._journal.flush()
        return not len(self._journal.left)

    async def close(self) -> None:
        """Let go of everything; what is not stored was not counted."""
        await self._journal.close()

    async def _answer(self, left_s: float) -> None:
        work = Work(
            id=self._batch.id,
            owner=self._batch.owner,
            lines=self._reading.lines,
            workload=self._reading.workload,
            left=self._journal.left.tolist(),
            deadline_s=self._parts.monotonic() + left_s,
            sink=self._journal,
        )
        await self._predict(work)
        self._begin()
        keeping = asyncio.create_task(self._keep_often(), name=f"history of {self._batch.id}")
        try:
            await self._parts.executor.execute(work)
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
        if len(self._journal.left):
            raise StorageError(
                f"batch {self._batch.id!r}: {len(self._journal.left)} lines were let go without a "
                "result; they are answered next"
            )

    def _begin(self) -> None:
        """Runs are told in seconds from now on, and those of the first time from its beginning."""
        self._begun_s, self._has_begun = self._parts.clock(), True
        if not self._history.happened:
            self._history = self._history.model_copy(update={"begun_s": self._begun_s})

    async def _predict(self, work: Work) -> None:
        """Keep the first plan, for its chart; nothing else needs it."""
        if self._history.predicted:
            return
        try:
            plan, _ = await self._parts.executor.plan(work)
            self._history = self._history.foreseen(plan)
            await save_history(self._parts.storage, self._batch.id, self._history)
        except OrchestratorError as error:
            _LOG.info("batch %s begins without a prediction: %s", self._batch.id, error)

    def _history_now(self) -> History:
        run = self._parts.executor.progress(self._batch.id)
        if run is not None and self._has_begun:
            self._runs = run.ended
        return self._history.went_on(self._runs, begun_s=self._begun_s)

    async def _keep_often(self) -> None:
        while True:
            await asyncio.sleep(self._parts.settings.history_s)
            with suppress(StorageError):
                await save_history(self._parts.storage, self._batch.id, self._history_now())

    async def _keep_history(self) -> None:
        with suppress(StorageError):
            await save_history(self._parts.storage, self._batch.id, self._history_now())


async def planned_ending(batch: Batch, reading: Reading, parts: LifeParts) -> StoredEnding:
    """The output file of a batch that is planned alone.

    Raises:
        StorageError: it cannot be written now.
    """
    work = Work(
        id=batch.id,
        owner=batch.owner,
        lines=reading.lines,
        workload=reading.workload,
        left=range(len(reading.lines)),
        deadline_s=parts.monotonic() + batch.expires_at - parts.clock(),
        sink=_NoSink(),
    )
    plan, arrival = await parts.executor.plan(work)
    history = History(begun_s=parts.clock()).foreseen(plan)
    await save_history(parts.storage, batch.id, history)
    lines = plan_lines(plan, arrival, reading.workload)
    return await plan_ending(parts.storage, batch, lines, now_s=parts.clock())


class _NoSink:
    """Of what is planned alone."""

    async def put(self, result: LineResult) -> None:
        raise StorageError(f"line {result.custom_id!r} was answered, though it was only planned")

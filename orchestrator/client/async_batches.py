"""`client.batches` of the asynchronous client; arguments and errors as those of `Batches`."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from orchestrator.client import batch_calls as calls
from orchestrator.client.batch_results import AsyncBatchResults, sound
from orchestrator.client.batch_wire import Batch, BatchList, BatchProgress, Timeline
from orchestrator.client.connections import AsyncConnection
from orchestrator.client.failures import translated
from orchestrator.client.files import AsyncFiles
from orchestrator.client.plan_wire import BatchPlan, read_plan
from orchestrator.client.replies import read
from orchestrator.client.watching import Looks, ProgressReader
from orchestrator.errors import OrchestratorError


class AsyncBatches:
    """See `Batches`."""

    def __init__(self, to: AsyncConnection, files: AsyncFiles) -> None:
        self._to = to
        self._files = files

    async def create(
        self,
        input_file_id: str,
        *,
        endpoint: str = "/v1/chat/completions",
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Begin a batch of a file that was uploaded; see `Batches.create`."""
        call = calls.create_call(
            input_file_id,
            endpoint=endpoint,
            completion_window=completion_window,
            metadata=metadata,
            idempotency_key=idempotency_key,
        )
        return read(Batch, (await self._to.complete(call)).content)

    async def get(self, batch_id: str) -> Batch:
        """One batch."""
        return read(Batch, await self._to.repeated(calls.batch_call(batch_id)))

    async def list(self, *, after: str | None = None, limit: int = 20) -> BatchList:
        """A page of batches, newest first; the next one is behind its last id."""
        call = calls.batches_call(after=after, limit=limit)
        return read(BatchList, await self._to.repeated(call))

    async def cancel(self, batch_id: str) -> Batch:
        """End a batch; what is finished is kept."""
        return read(Batch, (await self._to.complete(calls.cancel_call(batch_id))).content)

    async def progress(self, batch_id: str) -> BatchProgress:
        """How far a batch is."""
        return read(BatchProgress, await self._to.repeated(calls.progress_call(batch_id)))

    async def watch(self, batch_id: str) -> AsyncGenerator[BatchProgress, None]:
        """How far a batch is, about every second until it has ended; see `Batches.watch`."""
        looks = Looks(self._to.retries)
        while True:
            try:
                async with aclosing(self._looked(batch_id, looks.is_streamed)) as looked:
                    async for progress in looked:
                        looks.heard()
                        yield progress
                        if progress.has_ended:
                            return
                wait_s = looks.ended()
            except OrchestratorError as exc:
                wait_s = looks.failed(exc, draw=random.random())
            if wait_s:
                await self._to.pause(wait_s)

    async def wait(
        self, batch_id: str, *, heard: Callable[[BatchProgress], None] | None = None
    ) -> Batch:
        """The batch once it has ended, however it did; see `Batches.wait`."""
        async with aclosing(self.watch(batch_id)) as watched:
            async for progress in watched:
                if heard is not None:
                    heard(progress)
        return await self.get(batch_id)

    async def results(self, batch_id: str) -> AsyncBatchResults:
        """What came of its lines; of one that has not ended there are none yet."""
        return AsyncBatchResults(sound(await self.get(batch_id)), self._files)

    async def plan(self, batch_id: str) -> BatchPlan:
        """The plan that a dry run has written."""
        batch = sound(await self.get(batch_id))
        if batch.output_file_id is None:
            return read_plan(())
        return read_plan([line async for line in self._files.lines(batch.output_file_id)])

    async def timeline(self, batch_id: str) -> Timeline:
        """What was predicted, and what happened so far."""
        return read(Timeline, await self._to.repeated(calls.timeline_call(batch_id)))

    async def timeline_page(self, batch_id: str) -> str:
        """The same as a page that draws it and needs nothing beside it."""
        return (await self._to.repeated(calls.page_call(batch_id))).decode()

    async def _looked(
        self, batch_id: str, is_streamed: bool
    ) -> AsyncGenerator[BatchProgress, None]:
        if not is_streamed:
            reply = await self._to.complete(calls.progress_call(batch_id))
            yield read(BatchProgress, reply.content)
            return
        response = await self._to.begin(calls.watch_call(batch_id))
        reader = ProgressReader()
        with translated(self._to.base_url):
            try:
                async for piece in response.aiter_bytes():
                    for progress in reader.feed(piece):
                        yield progress
            finally:
                await response.aclose()

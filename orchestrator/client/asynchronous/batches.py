"""`client.batches`: files of requests that are planned by expert, and how far they are."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from orchestrator.client import batch_calls as calls
from orchestrator.client.asynchronous.batch_results import AsyncBatchResults
from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.asynchronous.files import AsyncFiles
from orchestrator.client.batch_wire import Batch, BatchList, BatchProgress, Timeline
from orchestrator.client.failures import sound, translated
from orchestrator.client.plan_wire import BatchPlan, read_plan
from orchestrator.client.watching import Looks, ProgressReader
from orchestrator.errors import OrchestratorError


class AsyncBatches:
    """Batches of a service; what changes nothing is asked again while it fails for a while.

    Every method raises `OrchestratorError`s: what the service says, or a `ClientError`.
    """

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
        """Begin a batch of a file that was uploaded.

        Its lines are checked next.

        Args:
            input_file_id: of the file.
            endpoint: of all of its lines.
            completion_window: by when it is to end.
            metadata: up to 16 pairs that it keeps; `plan: true` has it planned alone.
            idempotency_key: names the request: it begins one batch, however often it is sent.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            print(batch.endpoint)  # /v1/chat/completions
            ```
        """
        call = calls.create_call(
            input_file_id,
            endpoint=endpoint,
            completion_window=completion_window,
            metadata=metadata,
            idempotency_key=idempotency_key,
        )
        return await self._to.ask(Batch, call)

    async def get(self, batch_id: str) -> Batch:
        """One batch.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            found = await client.batches.get(batch.id)
            print(found.status)
            ```
        """
        return await self._to.ask(Batch, calls.batch_call(batch_id))

    async def list(self, *, after: str | None = None, limit: int = 20) -> BatchList:
        """A page of batches, newest first; the next one is behind its last id.

        Example:
            ```python
            page = await client.batches.list(limit=5)
            print([(one.id, one.status) for one in page.data])
            ```
        """
        call = calls.batches_call(after=after, limit=limit)
        return await self._to.ask(BatchList, call)

    async def cancel(self, batch_id: str) -> Batch:
        """End a batch; what is finished is kept.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            ended = await client.batches.cancel(batch.id)
            print(ended.status)
            ```
        """
        return await self._to.ask(Batch, calls.cancel_call(batch_id))

    async def progress(self, batch_id: str) -> BatchProgress:
        """How far a batch is.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            told = await client.batches.progress(batch.id)
            print(told.request_counts.completed, "of", told.request_counts.total)
            ```
        """
        return await self._to.ask(BatchProgress, calls.progress_call(batch_id))

    async def watch(self, batch_id: str) -> AsyncGenerator[BatchProgress, None]:
        """How far a batch is, about every second until it has ended.

        A stream that breaks is begun again; where none comes through, the service is asked again
        and again instead.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            async for told in client.batches.watch(batch.id):
                print(told.status, told.request_counts.completed)
            ```
        """
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
        """The batch once it has ended, however it did.

        Args:
            batch_id: its id.
            heard: told how far it is, about every second.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            ended = await client.batches.wait(batch.id)
            print(ended.status)  # completed
            ```
        """
        async with aclosing(self.watch(batch_id)) as watched:
            async for progress in watched:
                if heard is not None:
                    heard(progress)
        return await self.get(batch_id)

    async def results(self, batch_id: str) -> AsyncBatchResults:
        """What came of its lines; of one that has not ended there are none yet.

        Raises:
            BatchFailedError: its file has faults, so nothing of it was begun.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            await client.batches.wait(batch.id)
            async for result in await client.batches.results(batch.id):
                print(result.custom_id, result.text)
            ```
        """
        return AsyncBatchResults(sound(await self.get(batch_id)), self._files)

    async def plan(self, batch_id: str) -> BatchPlan:
        """The plan that a dry run has written.

        Raises:
            BatchFailedError: its file has faults, so nothing was planned.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            asked = await client.batches.create(file.id, metadata={"plan": "true"})
            await client.batches.wait(asked.id)
            plan = await client.batches.plan(asked.id)
            print(plan.summary)
            ```
        """
        batch = sound(await self.get(batch_id))
        if batch.output_file_id is None:
            return read_plan(())
        return read_plan([line async for line in self._files.lines(batch.output_file_id)])

    async def timeline(self, batch_id: str) -> Timeline:
        """What was predicted, and what happened so far.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            await client.batches.wait(batch.id)
            drawn = await client.batches.timeline(batch.id)
            print(drawn.id == batch.id)  # True
            ```
        """
        return await self._to.ask(Timeline, calls.timeline_call(batch_id))

    async def timeline_page(self, batch_id: str) -> str:
        """The same as a page that draws it and needs nothing beside it.

        Example:
            ```python
            file = await client.files.upload("questions.jsonl")
            batch = await client.batches.create(file.id)
            await client.batches.wait(batch.id)
            page = await client.batches.timeline_page(batch.id)
            print(page[:15])  # <!doctype html>
            ```
        """
        return (await self._to.complete(calls.page_call(batch_id))).content.decode()

    async def _looked(
        self, batch_id: str, is_streamed: bool
    ) -> AsyncGenerator[BatchProgress, None]:
        if not is_streamed:
            yield await self._to.ask(BatchProgress, calls.look_call(batch_id))
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

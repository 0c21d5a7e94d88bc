# Made of asynchronous/batches.py by `python orchestrator/client/twin.py`: edit that one.
"""`client.batches`: files of requests that are planned by expert, and how far they are."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from contextlib import closing

from orchestrator.client import batch_calls as calls
from orchestrator.client.batch_wire import Batch, BatchList, BatchProgress, Timeline
from orchestrator.client.blocking.batch_results import BatchResults
from orchestrator.client.blocking.connections import Connection
from orchestrator.client.blocking.files import Files
from orchestrator.client.failures import sound, translated
from orchestrator.client.plan_wire import BatchPlan, read_plan
from orchestrator.client.watching import Looks, ProgressReader
from orchestrator.errors import OrchestratorError


class Batches:
    """Batches of a service; what changes nothing is asked again while it fails for a while.

    Every method raises `OrchestratorError`s: what the service says, or a `ClientError`.
    """

    def __init__(self, to: Connection, files: Files) -> None:
        self._to = to
        self._files = files

    def create(
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
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
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
        return self._to.ask(Batch, call)

    def get(self, batch_id: str) -> Batch:
        """One batch.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
            found = client.batches.get(batch.id)
            print(found.status)
            ```
        """
        return self._to.ask(Batch, calls.batch_call(batch_id))

    def list(self, *, after: str | None = None, limit: int = 20) -> BatchList:
        """A page of batches, newest first; the next one is behind its last id.

        Example:
            ```python
            page = client.batches.list(limit=5)
            print([(one.id, one.status) for one in page.data])
            ```
        """
        call = calls.batches_call(after=after, limit=limit)
        return self._to.ask(BatchList, call)

    def cancel(self, batch_id: str) -> Batch:
        """End a batch; what is finished is kept.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
            ended = client.batches.cancel(batch.id)
            print(ended.status)
            ```
        """
        return self._to.ask(Batch, calls.cancel_call(batch_id))

    def progress(self, batch_id: str) -> BatchProgress:
        """How far a batch is.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
            told = client.batches.progress(batch.id)
            print(told.request_counts.completed, "of", told.request_counts.total)
            ```
        """
        return self._to.ask(BatchProgress, calls.progress_call(batch_id))

    def watch(self, batch_id: str) -> Generator[BatchProgress, None, None]:
        """How far a batch is, about every second until it has ended.

        A stream that breaks is begun again; where none comes through, the service is asked again
        and again instead.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
            for told in client.batches.watch(batch.id):
                print(told.status, told.request_counts.completed)
            ```
        """
        looks = Looks(self._to.retries)
        while True:
            try:
                with closing(self._looked(batch_id, looks.is_streamed)) as looked:
                    for progress in looked:
                        looks.heard()
                        yield progress
                        if progress.has_ended:
                            return
                wait_s = looks.ended()
            except OrchestratorError as exc:
                wait_s = looks.failed(exc, draw=random.random())
            if wait_s:
                self._to.pause(wait_s)

    def wait(self, batch_id: str, *, heard: Callable[[BatchProgress], None] | None = None) -> Batch:
        """The batch once it has ended, however it did.

        Args:
            batch_id: its id.
            heard: told how far it is, about every second.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
            ended = client.batches.wait(batch.id)
            print(ended.status)  # completed
            ```
        """
        with closing(self.watch(batch_id)) as watched:
            for progress in watched:
                if heard is not None:
                    heard(progress)
        return self.get(batch_id)

    def results(self, batch_id: str) -> BatchResults:
        """What came of its lines; of one that has not ended there are none yet.

        Raises:
            BatchFailedError: its file has faults, so nothing of it was begun.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
            client.batches.wait(batch.id)
            for result in client.batches.results(batch.id):
                print(result.custom_id, result.text)
            ```
        """
        return BatchResults(sound(self.get(batch_id)), self._files)

    def plan(self, batch_id: str) -> BatchPlan:
        """The plan that a dry run has written.

        Raises:
            BatchFailedError: its file has faults, so nothing was planned.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            asked = client.batches.create(file.id, metadata={"plan": "true"})
            client.batches.wait(asked.id)
            plan = client.batches.plan(asked.id)
            print(plan.summary)
            ```
        """
        batch = sound(self.get(batch_id))
        if batch.output_file_id is None:
            return read_plan(())
        return read_plan(list(self._files.lines(batch.output_file_id)))

    def timeline(self, batch_id: str) -> Timeline:
        """What was predicted, and what happened so far.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
            client.batches.wait(batch.id)
            drawn = client.batches.timeline(batch.id)
            print(drawn.id == batch.id)  # True
            ```
        """
        return self._to.ask(Timeline, calls.timeline_call(batch_id))

    def timeline_page(self, batch_id: str) -> str:
        """The same as a page that draws it and needs nothing beside it.

        Example:
            ```python
            file = client.files.upload("questions.jsonl")
            batch = client.batches.create(file.id)
            client.batches.wait(batch.id)
            page = client.batches.timeline_page(batch.id)
            print(page[:15])  # <!doctype html>
            ```
        """
        return self._to.complete(calls.page_call(batch_id)).content.decode()

    def _looked(self, batch_id: str, is_streamed: bool) -> Generator[BatchProgress, None, None]:
        if not is_streamed:
            yield self._to.ask(BatchProgress, calls.look_call(batch_id))
            return
        response = self._to.begin(calls.watch_call(batch_id))
        reader = ProgressReader()
        with translated(self._to.base_url):
            try:
                for piece in response.iter_bytes():
                    yield from reader.feed(piece)
            finally:
                response.close()

"""`client.batches`: files of requests that are planned by expert, and how far they are."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from orchestrator.client import batch_calls as calls
from orchestrator.client.batch_results import BatchResults, sound
from orchestrator.client.batch_wire import Batch, BatchList, BatchProgress, Timeline
from orchestrator.client.connections import Connection
from orchestrator.client.failures import translated
from orchestrator.client.files import Files
from orchestrator.client.plan_wire import BatchPlan, read_plan
from orchestrator.client.replies import read
from orchestrator.client.watching import Looks, ProgressReader
from orchestrator.errors import OrchestratorError

#: The metadata by which a batch is planned alone.
PLAN = {"plan": "true"}


class Batches:
    """Of the blocking client; what changes nothing is asked again while it fails for a while.

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
        """Begin a batch of a file that was uploaded; its lines are checked next.

        Args:
            input_file_id: of the file.
            endpoint: of all of its lines.
            completion_window: by when it is to end.
            metadata: up to 16 pairs that it keeps; `plan: true` has it planned alone.
            idempotency_key: names the request: it begins one batch, however often it is sent.
        """
        call = calls.create_call(
            input_file_id,
            endpoint=endpoint,
            completion_window=completion_window,
            metadata=metadata,
            idempotency_key=idempotency_key,
        )
        return read(Batch, self._to.complete(call).content)

    def get(self, batch_id: str) -> Batch:
        """One batch."""
        return read(Batch, self._to.repeated(calls.batch_call(batch_id)))

    def list(self, *, after: str | None = None, limit: int = 20) -> BatchList:
        """A page of batches, newest first; the next one is behind its last id."""
        return read(BatchList, self._to.repeated(calls.batches_call(after=after, limit=limit)))

    def cancel(self, batch_id: str) -> Batch:
        """End a batch; what is finished is kept."""
        return read(Batch, self._to.complete(calls.cancel_call(batch_id)).content)

    def progress(self, batch_id: str) -> BatchProgress:
        """How far a batch is."""
        return read(BatchProgress, self._to.repeated(calls.progress_call(batch_id)))

    def watch(self, batch_id: str) -> Iterator[BatchProgress]:
        """How far a batch is, about every second until it has ended.

        A stream that breaks is begun again; where none comes through, the service is asked again
        and again instead.
        """
        looks = Looks(self._to.retries)
        while True:
            try:
                for progress in self._looked(batch_id, is_streamed=looks.is_streamed):
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
        """
        for progress in self.watch(batch_id):
            if heard is not None:
                heard(progress)
        return self.get(batch_id)

    def results(self, batch_id: str) -> BatchResults:
        """What came of its lines; of one that has not ended there are none yet."""
        return BatchResults(sound(self.get(batch_id)), self._files)

    def plan(self, batch_id: str) -> BatchPlan:
        """The plan that a dry run has written."""
        batch = sound(self.get(batch_id))
        return read_plan(self._files.lines(batch.output_file_id) if batch.output_file_id else ())

    def timeline(self, batch_id: str) -> Timeline:
        """What was predicted, and what happened so far."""
        return read(Timeline, self._to.repeated(calls.timeline_call(batch_id)))

    def timeline_page(self, batch_id: str) -> str:
        """The same as a page that draws it and needs nothing beside it."""
        return self._to.repeated(calls.page_call(batch_id)).decode()

    def _looked(self, batch_id: str, *, is_streamed: bool) -> Iterator[BatchProgress]:
        if not is_streamed:
            yield read(BatchProgress, self._to.complete(calls.progress_call(batch_id)).content)
            return
        response = self._to.begin(calls.watch_call(batch_id))
        reader = ProgressReader()
        with translated(self._to.base_url):
            try:
                for piece in response.iter_bytes():
                    yield from reader.feed(piece)
            finally:
                response.close()

"""What came of a batch: its results one by one, of the output file and then of the error file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

from orchestrator.client.batch_wire import Batch, BatchResult
from orchestrator.client.failures import BatchFailedError
from orchestrator.client.files import AsyncFiles, Files
from orchestrator.client.replies import read

_MAX_TOLD = 3


class BatchResults:
    """Iterate over it, again where needed: one result for every line that has one."""

    def __init__(self, batch: Batch, files: Files) -> None:
        #: As it ended; what has expired or was cancelled has results of what was finished.
        self.batch = batch
        self._files = files

    def __iter__(self) -> Iterator[BatchResult]:
        for file_id in _parts(self.batch):
            for line in self._files.lines(file_id):
                if line.strip():
                    yield read(BatchResult, line)


class AsyncBatchResults:
    """The same for an event loop."""

    def __init__(self, batch: Batch, files: AsyncFiles) -> None:
        #: As it ended; what has expired or was cancelled has results of what was finished.
        self.batch = batch
        self._files = files

    async def __aiter__(self) -> AsyncIterator[BatchResult]:
        for file_id in _parts(self.batch):
            async with aclosing(self._files.lines(file_id)) as lines:
                async for line in lines:
                    if line.strip():
                        yield read(BatchResult, line)


def sound(batch: Batch) -> Batch:
    """The batch, unless nothing of it was ever begun.

    Raises:
        BatchFailedError: its file has faults; the message names the first.
    """
    if batch.status != "failed":
        return batch
    told = [fault.text for fault in batch.faults[:_MAX_TOLD]] or ["it says no reason"]
    more = len(batch.faults) - len(told)
    tail = f"; and {more} more" if more > 0 else ""
    raise BatchFailedError(
        f"batch {batch.id!r} failed: {'; '.join(told)}{tail}", faults=batch.faults
    )


def _parts(batch: Batch) -> Iterator[str]:
    yield from (one for one in (batch.output_file_id, batch.error_file_id) if one is not None)

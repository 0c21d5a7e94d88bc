"""What came of a batch: its results one by one, of the output file and then of the error file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from orchestrator.client.asynchronous.files import AsyncFiles
from orchestrator.client.batch_wire import Batch, BatchResult
from orchestrator.client.replies import read


class AsyncBatchResults:
    """Iterate over it, again where needed: one result for every line that has one.

    Example:
        ```python
        results = await client.batch(["What is the capital of Kenya?"])
        async for result in results:
            print(result.custom_id, result.text)  # request-1 Nairobi
        ```
    """

    def __init__(self, batch: Batch, files: AsyncFiles) -> None:
        #: As it ended; what has expired or was cancelled has results of what was finished.
        self.batch = batch
        self._files = files

    async def __aiter__(self) -> AsyncIterator[BatchResult]:
        for file_id in (self.batch.output_file_id, self.batch.error_file_id):
            if file_id is None:
                continue
            async with aclosing(self._files.lines(file_id)) as lines:
                async for line in lines:
                    if line.strip():
                        yield read(BatchResult, line)

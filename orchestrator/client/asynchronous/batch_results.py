"""What came of a batch: its results one by one, of the output file and then of the error file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from orchestrator.client.asynchronous.files import AsyncFiles
from orchestrator.client.batch_wire import Batch, BatchResult
from orchestrator.client.custom_ids import id_of
from orchestrator.client.native_frames import Library, frame_with, require_library
from orchestrator.client.replies import read
from orchestrator.client.result_columns import result_columns


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

    async def frame(self, library: Library = "pandas") -> Any:
        """All of them as a data frame: one row a line, in the order of the input, answered or not.

        Its columns are `custom_id`, `answer` (of embeddings `vectors`, one an input),
        `answered_by`, `error` (a code where there is no answer), `prompt_tokens`,
        `completion_tokens` and `cost_usd`.

        Args:
            library: whose frame it is: `pandas`, `polars` or `pyarrow`.

        Raises:
            MissingExtraError: the extra `data` or the library is not installed.
            OrchestratorError: what the service says, as that the input file was deleted; or a
                `ClientError`.

        Example:
            ```python
            results = await client.batch(["What is the capital of Kenya?"])
            frame = await results.frame()
            print(frame[["custom_id", "answer", "cost_usd"]])
            ```
        """
        require_library(library)
        async with aclosing(self._files.lines(self.batch.input_file_id)) as lines:
            ids = [custom_id async for line in lines if (custom_id := id_of(line)) is not None]
        results = [result async for result in self]
        told = result_columns(ids, results, endpoint=self.batch.endpoint)
        return frame_with({"custom_id": ("text", ids), **told}, library=library)

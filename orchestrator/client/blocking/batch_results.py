# Made of asynchronous/batch_results.py by `python orchestrator/client/twin.py`: edit that one.
"""What came of a batch: its results one by one, of the output file and then of the error file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from orchestrator.client.batch_wire import Batch, BatchResult
from orchestrator.client.blocking.files import Files
from orchestrator.client.custom_ids import id_of
from orchestrator.client.native_frames import Library, frame_with, require_library
from orchestrator.client.replies import read
from orchestrator.client.result_columns import result_columns


class BatchResults:
    """Iterate over it, again where needed: one result for every line that has one.

    Example:
        ```python
        results = client.batch(["What is the capital of Kenya?"])
        for result in results:
            print(result.custom_id, result.text)  # request-1 Nairobi
        ```
    """

    def __init__(self, batch: Batch, files: Files) -> None:
        #: As it ended; what has expired or was cancelled has results of what was finished.
        self.batch = batch
        self._files = files

    def __iter__(self) -> Iterator[BatchResult]:
        for file_id in (self.batch.output_file_id, self.batch.error_file_id):
            if file_id is None:
                continue
            with closing(self._files.lines(file_id)) as lines:
                for line in lines:
                    if line.strip():
                        yield read(BatchResult, line)

    def frame(self, library: Library = "pandas") -> Any:
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
            results = client.batch(["What is the capital of Kenya?"])
            frame = results.frame()
            print(frame[["custom_id", "answer", "cost_usd"]])
            ```
        """
        require_library(library)
        with closing(self._files.lines(self.batch.input_file_id)) as lines:
            ids = [custom_id for line in lines if (custom_id := id_of(line)) is not None]
        results = list(self)
        told = result_columns(ids, results, endpoint=self.batch.endpoint)
        return frame_with({"custom_id": ("text", ids), **told}, library=library)

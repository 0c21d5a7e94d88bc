# Made of asynchronous/batch_results.py by `python orchestrator/client/twin.py`: edit that one.
"""What came of a batch: its results one by one, of the output file and then of the error file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from orchestrator.client.batch_wire import Batch, BatchResult
from orchestrator.client.blocking.files import Files
from orchestrator.client.replies import read


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

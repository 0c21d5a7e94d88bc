"""Many requests asked as one batch: of iterables, files and data frames."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, cast

from orchestrator.client.asynchronous.batch_results import AsyncBatchResults
from orchestrator.client.asynchronous.batches import AsyncBatches
from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.asynchronous.files import AsyncFiles
from orchestrator.client.bars import Heard, heard_with_bar
from orchestrator.client.batch_lines import Requests, name_of, written
from orchestrator.client.failures import sound
from orchestrator.client.frames import AskedFrame, Frame, RowForm


class AsyncBatching:
    """The part of `AsyncClient` that asks many things at once."""

    def __init__(self, to: AsyncConnection) -> None:
        #: Files that batches read and write.
        self.files = AsyncFiles(to)
        #: Files of requests that are planned by expert.
        self.batches = AsyncBatches(to, self.files)

    async def batch(
        self,
        requests: Requests,
        *,
        endpoint: str = "/v1/chat/completions",
        model: str = "auto",
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        heard: Heard | None = None,
        progress: bool = False,
    ) -> AsyncBatchResults:
        """Have many requests answered as one batch, and wait for its end.

        What fails for a while on the way is sent again under names of its own, so that nothing is
        begun twice.

        Args:
            requests: lines of a batch, bodies or texts, one after the other; the path of a file of
                lines; or a data frame with a column `prompt` or `messages`, `custom_id` where rows
                have names, and any other field of a body.
            endpoint: of all of them.
            model: of those that name none.
            completion_window: by when it is to end.
            metadata: up to 16 pairs that the batch keeps.
            heard: told how far it is, about every second.
            progress: show a bar on stderr.

        Raises:
            InvalidRequestError: a request is none, or a `custom_id` is there twice; nothing was
                sent.
            BatchFailedError: a request is not valid; nothing was begun.
            OrchestratorError: what the service says, or another `ClientError`.

        Example:
            ```python
            questions = (f"What is the capital of {name}?" for name in ("Kenya", "Peru"))
            results = await client.batch(questions)
            async for result in results:
                print(result.custom_id, result.text)
            ```
        """
        key = uuid.uuid4().hex
        with written(requests, endpoint=endpoint, model=model) as content:
            file = await self.files.upload(
                content, filename=name_of(requests), idempotency_key=f"{key}-file"
            )
        begun = await self.batches.create(
            file.id,
            endpoint=endpoint,
            completion_window=completion_window,
            metadata=metadata,
            idempotency_key=f"{key}-batch",
        )
        with heard_with_bar(heard, is_shown=progress) as hears:
            ended = await self.batches.wait(begun.id, heard=hears)
        return AsyncBatchResults(sound(ended), self.files)

    async def batch_frame(
        self,
        frame: Frame,
        prompt: str,
        *,
        model: str = "auto",
        custom_id: str | None = None,
        columns: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
        prefix: str = "",
        heard: Heard | None = None,
        progress: bool = False,
    ) -> Frame:
        """Have every row of a data frame answered as one batch; returns the frame with answers.

        Args:
            frame: of pandas, polars or pyarrow, in memory; it stays as it is.
            prompt: the column of texts, or of lists of messages.
            model: of rows that name none.
            custom_id: the column of your own ids, texts or whole numbers, each there once; rows go
                by their number without.
            columns: field of a request -> column of the frame: `{"model": "expert"}`; where a
                row's is empty, it has none.
            fields: fields that all requests have: `{"max_tokens": 8}`.
            prefix: before the names of the new columns.
            heard: told how far it is, about every second.
            progress: show a bar on stderr.

        Returns:
            A frame of the same kind, with its rows in their order and the columns `answer`,
            `answered_by`, `error` (a code where there is no answer), `prompt_tokens`,
            `completion_tokens` and `cost_usd` (empty where the service knows no price).

        Raises:
            InvalidRequestError: a column is not there, a prompt is empty, or an id is empty or
                there twice; names row and value, and nothing was sent.
            MissingExtraError: the extra `data` is not installed.
            OrchestratorError: what the service says, or another `ClientError`.

        Example:
            ```python
            import pandas as pd

            frame = pd.DataFrame({"question": ["What is the capital of Kenya?"]})
            answered = await client.batch_frame(frame, "question", fields={"max_tokens": 8})
            print(answered[["question", "answer"]])
            ```
        """
        form = RowForm(
            prompt=prompt,
            custom_id=custom_id,
            columns=columns or {},
            fields=fields or {},
            prefix=prefix,
        )
        asked = AskedFrame(frame, form)
        results = await self.batch(asked.requests(), model=model, heard=heard, progress=progress)
        return cast("Frame", asked.joined([one async for one in results]))

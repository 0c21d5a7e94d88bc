"""What everybody may ask a service: answers, routes, vectors, batches, and to be heard."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Literal, Unpack, cast, overload

from orchestrator.client.asynchronous.batch_results import AsyncBatchResults
from orchestrator.client.asynchronous.batches import AsyncBatches
from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.asynchronous.files import AsyncFiles
from orchestrator.client.asynchronous.streams import AsyncChatStream
from orchestrator.client.bars import Heard, heard_with_bar
from orchestrator.client.batch_lines import Requests, name_of, written
from orchestrator.client.calls import chat_call, models_call, route_call
from orchestrator.client.embedding import Embeddings, Inputs, embed_call, read_embeddings
from orchestrator.client.failures import sound
from orchestrator.client.feedback import Feedback, TakenBack, feedback_call, take_back_call
from orchestrator.client.frames import AskedFrame, Frame, RowForm
from orchestrator.client.replies import read_completion
from orchestrator.client.wire import (
    ChatOptions,
    Completion,
    Messages,
    Model,
    ModelList,
    Route,
    Wishes,
)


class AsyncAsking:
    """The part of `AsyncClient` that needs no operator."""

    def __init__(self, to: AsyncConnection) -> None:
        self._to = to
        #: Files that batches read and write.
        self.files = AsyncFiles(to)
        #: Files of requests that are planned by expert.
        self.batches = AsyncBatches(to, self.files)

    async def models(self) -> tuple[Model, ...]:
        """Every name that can be used as `model`.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            for model in await client.models():
                print(model.id, model.kind, model.skills)
            ```
        """
        return (await self._to.ask(ModelList, models_call())).data

    async def route(
        self, messages: Messages, *, model: str = "auto", **options: Unpack[ChatOptions]
    ) -> Route:
        """Who would answer, without answering; arguments as those of `chat`.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            route = await client.route("What is the capital of Kenya?")
            print(route.chosen[0], route.router)
            print(route.reasons)
            ```
        """
        return await self._to.ask(Route, route_call(messages, model=model, options=options))

    @overload
    async def chat(
        self,
        messages: Messages,
        *,
        model: str = "auto",
        stream: Literal[False] = False,
        **options: Unpack[ChatOptions],
    ) -> Completion: ...

    @overload
    async def chat(
        self,
        messages: Messages,
        *,
        model: str = "auto",
        stream: Literal[True],
        **options: Unpack[ChatOptions],
    ) -> AsyncChatStream: ...

    async def chat(
        self,
        messages: Messages,
        *,
        model: str = "auto",
        stream: bool = False,
        **options: Unpack[ChatOptions],
    ) -> Completion | AsyncChatStream:
        """Ask and get the answer, whole or as it is written.

        Args:
            messages: a conversation in OpenAI's form, or the text of one user turn.
            model: an expert or a composition.
            stream: return at the first token, or when it waits; iterate over the result.
            options: OpenAI's parameters, wishes about the wait, and what to be told of stages.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            answer = await client.chat("What is the capital of Kenya?", max_tokens=8)
            print(answer.text, "by", answer.origin.expert)  # Nairobi by capitals

            stream = await client.chat("What is the capital of Kenya?", stream=True)
            async for chunk in stream:
                print(chunk.text, end="")
            ```
        """
        call = chat_call(messages, model=model, stream=stream, options=options)
        if stream:
            return AsyncChatStream(await self._to.begin(call), base_url=self._to.base_url)
        response = await self._to.complete(call)
        return read_completion(response.content, response.headers)

    async def embed(
        self,
        inputs: Inputs,
        *,
        model: str,
        dimensions: int | None = None,
        **wishes: Unpack[Wishes],
    ) -> Embeddings:
        """One vector for each of `inputs`.

        Args:
            inputs: a text, texts, token ids of the expert's vocabulary, or lists of those.
            model: an expert that embeds; `models` says which do.
            dimensions: length of the vectors, where the model is trained for several.
            wishes: about the wait.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            found = await client.embed(["one text", "another"], model="minilm")
            print(len(found.vectors))  # 2
            ```
        """
        call = embed_call(inputs, model=model, dimensions=dimensions, wishes=wishes)
        response = await self._to.complete(call)
        return read_embeddings(response.content, response.headers)

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
            requests: lines of a batch, bodies or texts, one after the other; or the path of a file
                of lines.
            endpoint: of all of them.
            model: of those that name none.
            completion_window: by when it is to end.
            metadata: up to 16 pairs that the batch keeps.
            heard: told how far it is, about every second.
            progress: show a bar on stderr.

        Raises:
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
            columns: field of a request -> column of the frame: `{"model": "expert"}`; where a
                row's is empty, it has none.
            fields: fields that all requests have: `{"max_tokens": 8}`.
            prefix: before the names of the new columns.
            heard: told how far it is, about every second.
            progress: show a bar on stderr.

        Returns:
            A frame of the same kind, with its rows in their order and the columns `answer`,
            `answered_by`, `error` (a code where there is no answer), `prompt_tokens` and
            `completion_tokens`.

        Raises:
            InvalidRequestError: a column is not there, or a prompt is empty; nothing was sent.
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
        form = RowForm(prompt=prompt, columns=columns or {}, fields=fields or {}, prefix=prefix)
        asked = AskedFrame(frame, form)
        results = await self.batch(asked.requests(), model=model, heard=heard, progress=progress)
        return cast("Frame", asked.joined([one async for one in results]))

    async def feedback(
        self, request_id: str, *, score: float, expert: str | None = None
    ) -> Feedback:
        """Say how good an answer was, so that routers go by it.

        Args:
            request_id: `origin.request_id` of the answer.
            score: 0 for wrong to 1 for right; the last judgement of an answer counts.
            expert: whose answer, where several answered.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            answer = await client.chat("What is the capital of Kenya?")
            said = await client.feedback(answer.origin.request_id, score=1)
            print(said.expert, said.score)  # capitals 1.0
            ```
        """
        call = feedback_call(request_id, score=score, expert=expert)
        return await self._to.ask(Feedback, call)

    async def take_back(self, feedback_id: str) -> None:
        """Take a judgement back; raises as `feedback`.

        Example:
            ```python
            answer = await client.chat("What is the capital of Kenya?")
            said = await client.feedback(answer.origin.request_id, score=0)
            await client.take_back(said.id)
            ```
        """
        await self._to.ask(TakenBack, take_back_call(feedback_id))

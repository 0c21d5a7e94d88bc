"""What everybody may ask a service: answers, routes, vectors, batches, and to be heard."""

from __future__ import annotations

from typing import Literal, Unpack, overload

from orchestrator.client.asynchronous.batching import AsyncBatching
from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.asynchronous.streams import AsyncChatStream
from orchestrator.client.calls import chat_call, models_call, route_call
from orchestrator.client.embedding import Embeddings, Inputs, embed_call, read_embeddings
from orchestrator.client.feedback import Feedback, TakenBack, feedback_call, take_back_call
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


class AsyncAsking(AsyncBatching):
    """The part of `AsyncClient` that needs no operator."""

    def __init__(self, to: AsyncConnection) -> None:
        super().__init__(to)
        self._to = to

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

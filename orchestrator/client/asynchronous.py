"""The asynchronous client; everything but the waiting is shared with the blocking one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, Unpack, overload

from orchestrator.client.async_batches import AsyncBatches
from orchestrator.client.batch_lines import Requests, name_of, written
from orchestrator.client.batch_results import AsyncBatchResults, sound
from orchestrator.client.batch_wire import BatchProgress
from orchestrator.client.calls import chat_call, models_call, route_call
from orchestrator.client.connections import AsyncConnection
from orchestrator.client.embedding import Embeddings, Inputs, embed_call, read_embeddings
from orchestrator.client.feedback import Feedback, TakenBack, feedback_call, take_back_call
from orchestrator.client.files import AsyncFiles
from orchestrator.client.placement import Placement, placement_call
from orchestrator.client.replies import read, read_completion
from orchestrator.client.residency import WishKind, residency_call, wish_call
from orchestrator.client.residency_wire import Residency, Steered
from orchestrator.client.restart import RestartState, restart_call
from orchestrator.client.settings import DEFAULT_URL, Settings
from orchestrator.client.streams import AsyncChatStream
from orchestrator.client.wire import (
    ChatOptions,
    Completion,
    Messages,
    Model,
    ModelList,
    Route,
    Wishes,
)

if TYPE_CHECKING:
    import httpx


class AsyncClient:
    """Asks a running service from an event loop; see `Client` for the arguments."""

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        settings = Settings(base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._to = AsyncConnection(settings, transport=transport, pause=pause)
        #: Files that batches read and write.
        self.files = AsyncFiles(self._to)
        #: Files of requests that are planned by expert.
        self.batches = AsyncBatches(self._to, self.files)

    async def models(self) -> tuple[Model, ...]:
        """Every name that can be used as `model`; raises as `Client.models`."""
        return read(ModelList, (await self._to.complete(models_call())).content).data

    async def route(
        self, messages: Messages, *, model: str = "auto", **options: Unpack[ChatOptions]
    ) -> Route:
        """Who would answer, without answering; raises as `Client.route`."""
        call = route_call(messages, model=model, options=options)
        return read(Route, (await self._to.complete(call)).content)

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
        """Ask and get the answer, whole or as it is written; arguments as `Client.chat`."""
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
        """One vector for each of `inputs`; arguments and errors as `Client.embed`."""
        response = await self._to.complete(
            embed_call(inputs, model=model, dimensions=dimensions, wishes=wishes)
        )
        return read_embeddings(response.content, response.headers)

    async def batch(
        self,
        requests: Requests,
        *,
        endpoint: str = "/v1/chat/completions",
        model: str = "auto",
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        heard: Callable[[BatchProgress], None] | None = None,
    ) -> AsyncBatchResults:
        """Have many requests answered as one batch; arguments and errors as `Client.batch`."""
        with written(requests, endpoint=endpoint, model=model) as content:
            file = await self.files.upload(content, filename=name_of(requests))
        begun = await self.batches.create(
            file.id, endpoint=endpoint, completion_window=completion_window, metadata=metadata
        )
        ended = await self.batches.wait(begun.id, heard=heard)
        return AsyncBatchResults(sound(ended), self.files)

    async def feedback(
        self, request_id: str, *, score: float, expert: str | None = None
    ) -> Feedback:
        """Say how good an answer was; arguments and errors as `Client.feedback`."""
        call = feedback_call(request_id, score=score, expert=expert)
        return read(Feedback, (await self._to.complete(call)).content)

    async def take_back(self, feedback_id: str) -> None:
        """Take a judgement back; raises as `Client.feedback`."""
        read(TakenBack, (await self._to.complete(take_back_call(feedback_id))).content)

    async def residency(self) -> Residency:
        """What every slot does and why; raises as `Client.residency`."""
        return read(Residency, (await self._to.complete(residency_call())).content)

    async def restart(self, part: str | None = None) -> RestartState:
        """Have processes replaced one by one; for callers on the service's machine.

        Args:
            part: `gateways`, `workers` or the name of a slot; `None` asks how far the last one is.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        return read(RestartState, (await self._to.complete(restart_call(part))).content)

    async def placement(self, *, carry_out: bool = False) -> Placement:
        """Where experts are at home and could be; arguments and errors as `Client.placement`."""
        return read(
            Placement, (await self._to.complete(placement_call(carry_out=carry_out))).content
        )

    async def load(self, expert: str, *, slot: str | None = None, wait: bool = True) -> Steered:
        """Make an expert resident; arguments and errors as `Client.load`."""
        return await self._wish("load", expert, slot=slot, wait=wait)

    async def unload(self, expert: str, *, slot: str | None = None, wait: bool = True) -> Steered:
        """Have an expert's engine step down once nobody waits for it; see `Client.load`."""
        return await self._wish("unload", expert, slot=slot, wait=wait)

    async def pin(self, expert: str, *, slot: str | None = None) -> Steered:
        """Keep an expert where it is once it is resident; see `Client.load`."""
        return await self._wish("pin", expert, slot=slot, wait=True)

    async def unpin(self, expert: str, *, slot: str | None = None) -> Steered:
        """Keep an expert no longer; see `Client.load`."""
        return await self._wish("unpin", expert, slot=slot, wait=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._to.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _wish(self, kind: WishKind, expert: str, *, slot: str | None, wait: bool) -> Steered:
        call = wish_call(kind, expert, slot=slot, wait=wait)
        return read(Steered, (await self._to.complete(call)).content)

"""The asynchronous client; everything but the waiting is shared with the blocking one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, Unpack, overload

from orchestrator.client.calls import Outgoing, chat_call, models_call, route_call
from orchestrator.client.embedding import Embeddings, Inputs, embed_call, read_embeddings
from orchestrator.client.failures import failure, translated
from orchestrator.client.feedback import Feedback, TakenBack, feedback_call, take_back_call
from orchestrator.client.placement import Placement, placement_call
from orchestrator.client.replies import Event, EventReader, origin_of, read, read_completion
from orchestrator.client.residency import WishKind, residency_call, wish_call
from orchestrator.client.residency_wire import Residency, Steered
from orchestrator.client.settings import DEFAULT_URL, Settings
from orchestrator.client.wire import (
    ChatOptions,
    Completion,
    CompletionChunk,
    Messages,
    Model,
    ModelList,
    Route,
    Wishes,
)

if TYPE_CHECKING:
    import httpx


class AsyncChatStream:
    """A chat answer as it is written; iterate once, close early to end the generation."""

    def __init__(self, response: httpx.Response, *, base_url: str) -> None:
        self._response = response
        self._base_url = base_url
        #: Who answers; known before the first chunk.
        self.origin = origin_of(response.headers)

    async def __aiter__(self) -> AsyncIterator[CompletionChunk]:
        async with aclosing(self.events()) as events:
            async for event in events:
                if isinstance(event, CompletionChunk):
                    yield event

    async def events(self) -> AsyncGenerator[Event, None]:
        """Its chunks; before them where it stands while it waits, and how far its stages are."""
        reader = EventReader()
        async with self:
            with translated(self._base_url):
                async for piece in self._response.aiter_bytes():
                    for event in reader.feed(piece):
                        yield event
        reader.finish()

    async def close(self) -> None:
        """Hang up; the service ends the generation."""
        await self._response.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncClient:
    """Asks a running service from an event loop; see `Client` for the arguments."""

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        import httpx  # here, since it takes longer to import than all of the SDK

        settings = Settings(base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._base_url = base_url
        with translated(base_url):
            self._http = httpx.AsyncClient(transport=transport, **settings.for_httpx())

    async def models(self) -> tuple[Model, ...]:
        """Every name that can be used as `model`; raises as `Client.models`."""
        return read(ModelList, (await self._complete(models_call())).content).data

    async def route(
        self, messages: Messages, *, model: str = "auto", **options: Unpack[ChatOptions]
    ) -> Route:
        """Who would answer, without answering; raises as `Client.route`."""
        call = route_call(messages, model=model, options=options)
        return read(Route, (await self._complete(call)).content)

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
            return AsyncChatStream(await self._begin(call), base_url=self._base_url)
        response = await self._complete(call)
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
        response = await self._complete(
            embed_call(inputs, model=model, dimensions=dimensions, wishes=wishes)
        )
        return read_embeddings(response.content, response.headers)

    async def feedback(
        self, request_id: str, *, score: float, expert: str | None = None
    ) -> Feedback:
        """Say how good an answer was; arguments and errors as `Client.feedback`."""
        call = feedback_call(request_id, score=score, expert=expert)
        return read(Feedback, (await self._complete(call)).content)

    async def take_back(self, feedback_id: str) -> None:
        """Take a judgement back; raises as `Client.feedback`."""
        read(TakenBack, (await self._complete(take_back_call(feedback_id))).content)

    async def residency(self) -> Residency:
        """What every slot does and why; raises as `Client.residency`."""
        return read(Residency, (await self._complete(residency_call())).content)

    async def placement(self, *, carry_out: bool = False) -> Placement:
        """Where experts are at home and could be; arguments and errors as `Client.placement`."""
        return read(Placement, (await self._complete(placement_call(carry_out=carry_out))).content)

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
        await self._http.aclose()

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
        return read(Steered, (await self._complete(call)).content)

    async def _complete(self, call: Outgoing) -> httpx.Response:
        response = await self._begin(call)
        with translated(self._base_url):
            await response.aread()
        return response

    async def _begin(self, call: Outgoing) -> httpx.Response:
        with translated(self._base_url):
            request = self._http.build_request(
                call.method, call.path, json=call.body, headers=call.headers
            )
            response = await self._http.send(request, stream=True)
            if response.is_success:
                return response
            body = await response.aread()
        raise failure(body, status=response.status_code, headers=response.headers)

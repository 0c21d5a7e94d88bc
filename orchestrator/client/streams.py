"""A chat answer as it is written, for both clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing
from types import TracebackType
from typing import TYPE_CHECKING, Self

from orchestrator.client.failures import translated
from orchestrator.client.replies import Event, EventReader, origin_of
from orchestrator.client.wire import CompletionChunk

if TYPE_CHECKING:
    import httpx


class ChatStream:
    """A chat answer as it is written; iterate once, close early to end the generation."""

    def __init__(self, response: httpx.Response, *, base_url: str) -> None:
        self._response = response
        self._base_url = base_url
        #: Who answers; known before the first chunk.
        self.origin = origin_of(response.headers)

    def __iter__(self) -> Iterator[CompletionChunk]:
        with closing(self.events()) as events:
            for event in events:
                if isinstance(event, CompletionChunk):
                    yield event

    def events(self) -> Generator[Event, None, None]:
        """Its chunks; before them where it stands while it waits, and how far its stages are."""
        reader = EventReader()
        with self, translated(self._base_url):
            for piece in self._response.iter_bytes():
                yield from reader.feed(piece)
        reader.finish()

    def close(self) -> None:
        """Hang up; the service ends the generation."""
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


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

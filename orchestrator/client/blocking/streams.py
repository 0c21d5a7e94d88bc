# Made of asynchronous/streams.py by `python orchestrator/client/twin.py`: edit that one.
"""A chat answer as it is written."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Self

from orchestrator.client.failures import ClosedError, translated
from orchestrator.client.replies import Event, EventReader, origin_of
from orchestrator.client.wire import CompletionChunk
from orchestrator.errors import OrchestratorError

if TYPE_CHECKING:
    import httpx


class ChatStream:
    """A chat answer as it is written; iterate once, close early to end the generation.

    Example:
        ```python
        with client.chat("What is the capital of Kenya?", stream=True) as stream:
            for chunk in stream:
                print(chunk.text, end="")
        ```
    """

    def __init__(self, response: httpx.Response, *, base_url: str) -> None:
        self._response = response
        self._base_url = base_url
        self._is_begun = False
        #: Who answers; known before the first chunk.
        self.origin = origin_of(response.headers)

    def __iter__(self) -> Iterator[CompletionChunk]:
        with closing(self.events()) as events:
            for event in events:
                if isinstance(event, CompletionChunk):
                    yield event

    def events(self) -> Generator[Event, None, None]:
        """Its chunks; before them where it stands while it waits, and how far its stages are.

        Raises:
            ClosedError: it was read or closed before.
            OrchestratorError: what the service says inside the stream, or a `ClientError`; a
                stream that ends too early is an `UnexpectedReplyError`.

        Example:
            ```python
            from orchestrator.client import CompletionChunk, Stage, Waiting

            stream = client.chat("What is the capital of Kenya?", stream=True)
            for event in stream.events():
                match event:
                    case Waiting():
                        print("number", event.position, "in the queue")
                    case Stage():
                        print(event.stage, event.state)
                    case CompletionChunk():
                        print(event.text, end="")
            ```
        """
        if self._is_begun or self._response.is_closed:
            raise ClosedError(
                "a stream is read once, while it is open: keep its chunks, or ask anew"
            )
        self._is_begun = True
        reader = EventReader()
        with self:
            try:
                with translated(self._base_url):
                    for piece in self._response.iter_bytes():
                        yield from reader.feed(piece)
            except OrchestratorError as exc:
                exc.request_id = self.origin.request_id
                raise
        reader.finish()

    def close(self) -> None:
        """Hang up; the service ends the generation.

        Example:
            ```python
            stream = client.chat("What is the capital of Kenya?", stream=True)
            print(stream.origin.expert)  # capitals
            stream.close()
            ```
        """
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

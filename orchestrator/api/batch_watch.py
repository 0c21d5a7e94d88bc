"""A batch's progress as server-sent events: about every second, at changes, until it has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from orchestrator.api.batch_view import progress_state
from orchestrator.api.connection import ClientGoneError, connected
from orchestrator.api.envelope import envelope_of
from orchestrator.batch.progress import BatchProgress
from orchestrator.errors import OrchestratorError

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx buffers a stream unless told not to.
    (b"x-accel-buffering", b"no"),
]
#: Between looks, and between events where nothing but counts has changed, seconds.
_LOOK_S, _EVENT_S = 0.5, 1.0
#: Who keeps batches may start anew: the stream goes on when it answers again within these seconds.
_PATIENCE_S = 60.0
_DONE = b"data: [DONE]\n\n"

Look = Callable[[], Awaitable[BatchProgress]]


async def progress_events(
    first: BatchProgress,
    look: Look,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[bytes, None]:
    """The events of one watcher, from `first` to the end of the batch.

    Args:
        first: how far it is now.
        look: asks how far it is by then.
        clock: seconds.
        pause: waits for some seconds.
    """
    now, told_s = first, clock()
    yield _event(first)
    heard_s = told_s
    while not now.batch.has_ended:
        await pause(_LOOK_S)
        before = now
        try:
            now, heard_s = await look(), clock()
        except OrchestratorError as error:
            if not error.retryable or clock() - heard_s > _PATIENCE_S:
                yield b"data: %s\n\n" % envelope_of(error)
                return
            # Comments keep the connection alive, and people who read along informed.
            yield f": no news: {error.code}\n\n".encode()
            continue
        if now.batch.status != before.batch.status or clock() - told_s >= _EVENT_S:
            told_s = clock()
            yield _event(now)
    yield _DONE


class WatchReply(Response):
    """Sends events as they come, as long as the caller is there."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = _HEADERS
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one watcher."""
        async with aclosing(self._events) as events, connected(receive):
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            try:
                await send(start)
                await _relay(events, send)
            except OSError as error:
                raise ClientGoneError from error


async def _relay(events: AsyncIterator[bytes], send: Send) -> None:
    async for event in events:
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _event(progress: BatchProgress) -> bytes:
    data = progress_state(progress).model_dump_json().encode()
    return b"event: batch.progress\ndata: %s\n\n" % data

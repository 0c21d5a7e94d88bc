"""The two forms of an answer on the wire: one JSON body, or a stream of events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from orchestrator.api.connection import ClientGoneError, connected
from orchestrator.api.exchange import Exchange, of_scope
from orchestrator.api.opening import Rest
from orchestrator.api.staged import instead_comment, reached_comment
from orchestrator.api.waited import comment_of
from orchestrator.api.writers import Writer
from orchestrator.compositions.progress import Told
from orchestrator.engines.base import Chunk
from orchestrator.engines.notices import Notice
from orchestrator.errors import OrchestratorError
from orchestrator.errors.frames import let_go

log = logging.getLogger(__name__)

_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx buffers a stream unless told not to.
    (b"x-accel-buffering", b"no"),
]


#: What is told of stages and calls once they have ended.
Details = Callable[[], dict[str, Any] | None]


class JsonReply(Response):
    """A body that is JSON already."""

    def __init__(self, body: bytes, *, status: int = 200) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]


class EventReply(Response):
    """An answer as server-sent events.

    What it begins with is there already, so an error before it was an ordinary response. One after
    it becomes a last event, as the writer spells it. Notices become comments.

    Args:
        begun: what is told with the head: the first chunk, or a notice or stages to a caller that
            has waited for a while.
        rest: what follows; closed in any case.
        writer: spells the chunks.
        details: says at the end what came of stages and calls; `None` where nobody asked.
    """

    def __init__(
        self, begun: Iterable[Told], rest: Rest, *, writer: Writer, details: Details
    ) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = _STREAM_HEADERS
        self._writer = writer
        self._begun = b"".join(self._spelled(item) for item in begun)
        self._rest = rest
        self._details = details

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send every event and comment as it comes, as long as the caller is there."""
        exchange = of_scope(scope)
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        async with aclosing(self._rest), connected(receive):
            await _send(start, send)
            await self._write(self._begun, exchange, send)
            last = await self._relay(exchange, send)
            await _send({"type": "http.response.body", "body": last}, send)

    async def _relay(self, exchange: Exchange, send: Send) -> bytes:
        """Send the rest but for its end, which is returned."""
        reply = exchange.reply
        told = None if reply is None else reply.decision
        try:
            async for item in self._rest:
                events = self._spelled(item)
                if reply is not None and told is not None and reply.decision is not told:
                    events = instead_comment(reply.decision, told) + events
                    told = reply.decision
                await self._write(events, exchange, send)
        except ClientGoneError:
            raise
        except OrchestratorError as error:
            return self._broken_off(error, exchange)
        except Exception:
            log.exception("unforeseen error in the stream of request %s", exchange.request_id)
            return self._broken_off(
                OrchestratorError("an unforeseen error broke off the answer"), exchange
            )
        return reached_comment(exchange.reached) + self._writer.end(self._details())

    def _spelled(self, item: Told) -> bytes:
        if isinstance(item, Chunk):
            return self._writer.events(item)
        return comment_of(item) if isinstance(item, Notice) else self._writer.stage(item)

    def _broken_off(self, error: OrchestratorError, exchange: Exchange) -> bytes:
        exchange.end(error.status, error.code)
        let_go(error)
        return self._writer.broken_off(error)

    async def _write(self, events: bytes, exchange: Exchange, send: Send) -> None:
        if events:
            asked_s = exchange.clock()
            await _send({"type": "http.response.body", "body": events, "more_body": True}, send)
            exchange.caller_s += exchange.clock() - asked_s


async def _send(message: Message, send: Send) -> None:
    """Send; servers of ASGI 2.4 report a lost caller here, others only by `receive`."""
    try:
        await send(message)
    except OSError as error:
        raise ClientGoneError from error

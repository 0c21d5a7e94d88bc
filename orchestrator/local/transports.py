"""How the SDK's clients reach an application in this process: no socket, no server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx

from orchestrator.local.asgi import Application, Exchange
from orchestrator.local.loop_thread import LoopThread


class BlockingTransport(httpx.BaseTransport):
    """For `Client`: its thread waits while the loop's thread works.

    Args:
        application: answers.
        thread: whose loop it runs in.
    """

    def __init__(self, application: Application, thread: LoopThread) -> None:
        self._application = application
        self._thread = thread

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport`."""
        _require_running(self._thread)
        request.read()
        exchange = Exchange(self._application, request)
        status, headers = self._thread.run(exchange.begin())
        body = _BlockingBody(exchange, self._thread)
        return httpx.Response(status, headers=headers, stream=body)


class CrossingTransport(httpx.AsyncBaseTransport):
    """For `AsyncClient` in any loop; see `BlockingTransport`."""

    def __init__(self, application: Application, thread: LoopThread) -> None:
        self._application = application
        self._thread = thread

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport`."""
        _require_running(self._thread)
        await request.aread()
        exchange = Exchange(self._application, request)
        status, headers = await self._thread.across(exchange.begin())
        body = _CrossingBody(exchange, self._thread)
        return httpx.Response(status, headers=headers, stream=body)


class _BlockingBody(httpx.SyncByteStream):
    def __init__(self, exchange: Exchange, thread: LoopThread) -> None:
        self._exchange = exchange
        self._thread = thread

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._thread.run(self._exchange.piece())) is not None:
            yield piece

    def close(self) -> None:
        if self._thread.is_running:
            self._thread.run(self._exchange.close())


class _CrossingBody(httpx.AsyncByteStream):
    def __init__(self, exchange: Exchange, thread: LoopThread) -> None:
        self._exchange = exchange
        self._thread = thread

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._thread.across(self._exchange.piece())) is not None:
            yield piece

    async def aclose(self) -> None:
        if self._thread.is_running:
            await self._thread.across(self._exchange.close())


def _require_running(thread: LoopThread) -> None:
    if not thread.is_running:
        raise httpx.ConnectError("this Orchestrator is closed")

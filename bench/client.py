"""One keep-alive connection to a server, as cheap as Python allows."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import cast

from bench.http1 import Response
from bench.samples import Reading, Sample


class LoadError(Exception):
    """The server did not answer as it should; the message holds what it said."""


class _ClosedError(Exception):
    """The server closed the connection during an exchange."""


class Client:
    """Sends one request after another.

    A connection that the server closed while it was idle is opened anew within the next request's
    time, as every HTTP client does: HAProxy closes them at each change of its configuration.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._connection: _Connection | None = None
        #: Connections opened besides the first.
        self.num_reconnects = -1

    async def ask(self, request: bytes, *, is_stream: bool) -> Sample:
        """Send a request and read its answer to the end.

        Raises:
            LoadError: not a 200, a broken stream, or a connection closed during the answer.
            OSError: nothing listens there.
        """
        started_s = perf_counter()
        was_used = self._connection is not None and not self._connection.is_closed
        connection = await self._open()
        try:
            await connection.exchange(request, is_stream=is_stream)
        except _ClosedError as exc:
            if not was_used or connection.response.status:
                raise LoadError(f"the connection was closed: {exc}") from exc
            return await self.ask(request, is_stream=is_stream)
        return _sample(connection, started_s, perf_counter())

    async def _open(self) -> _Connection:
        if self._connection is None or self._connection.is_closed:
            loop = asyncio.get_running_loop()
            _, self._connection = await loop.create_connection(_Connection, self._host, self._port)
            self.num_reconnects += 1
        return self._connection


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.response = Response()
        self.reading = Reading(is_stream=False)
        self.is_closed = False
        self._loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self.reading.add(self.response.feed(data), now_s=perf_counter())
        if self.response.is_complete and not self._answered.done():
            self.is_closed = self.response.closes
            self._answered.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        if not self._answered.done():
            self._answered.set_exception(_ClosedError(str(exc)))

    async def exchange(self, request: bytes, *, is_stream: bool) -> None:
        self.response, self.reading = Response(), Reading(is_stream=is_stream)
        self._answered = self._loop.create_future()
        self._transport.write(request)
        await self._answered


def _sample(connection: _Connection, started_s: float, ended_s: float) -> Sample:
    reading, status = connection.reading, connection.response.status
    try:
        tokens = reading.completion_tokens()
    except ValueError as exc:
        raise LoadError(f"status {status}: {exc}") from exc
    first_s = reading.first_token_at_s or ended_s
    return Sample(
        latency_ms=(ended_s - started_s) * 1000,
        first_token_ms=(first_s - started_s) * 1000,
        completion_tokens=tokens,
    )

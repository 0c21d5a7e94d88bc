"""One request to an ASGI application in the same event loop, its answer read as it is written.

`httpx.ASGITransport` waits for the whole answer, so that no stream would be one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

from orchestrator.engines.streams import ended

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
#: See the ASGI specification.
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class Exchange:
    """One request and its answer; every method is to be awaited in the application's loop.

    Args:
        application: answers.
        request: its body has been read.
    """

    def __init__(self, application: Application, request: httpx.Request) -> None:
        self._application = application
        self._request = request
        self._silence_s: float | None = request.extensions.get("timeout", {}).get("read")
        self._said: asyncio.Queue[Message | None] = asyncio.Queue()
        self._is_asked = False
        self._is_over = False
        self._running: asyncio.Task[None] | None = None

    async def begin(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Ask; returns status and headers.

        Raises:
            httpx.ReadTimeout: nothing was said for longer than the request allows.
        """
        self._running = asyncio.create_task(self._run())
        try:
            start = await self._next()
        except BaseException:
            await self.close()
            raise
        return start["status"], list(start["headers"])

    async def piece(self) -> bytes | None:
        """What is written next of the body, `None` at its end.

        Raises:
            httpx.ReadTimeout: nothing was said for longer than the request allows.
            httpx.RemoteProtocolError: the application broke off.
        """
        if self._is_over:
            return None
        message = await self._next()
        self._is_over = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    async def close(self) -> None:
        """Hang up, where the answer is not complete; returns when the application has ended."""
        if self._running is None:
            return
        if self._is_over:
            await asyncio.wait([self._running])
        else:
            await ended(self._running)

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._silence_s):
                message = await self._said.get()
        except TimeoutError as exc:
            raise httpx.ReadTimeout(f"silent for {self._silence_s} s") from exc
        if message is None:
            raise httpx.RemoteProtocolError("the endpoint broke off")
        return message

    async def _run(self) -> None:
        try:
            await self._application(self._scope(), self._receive, self._send)
        finally:
            self._said.put_nowait(None)

    async def _receive(self) -> Message:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": self._request.content, "more_body": False}
        await asyncio.Event().wait()  # who hangs up cancels
        raise AssertionError("nobody sets it")

    async def _send(self, message: Message) -> None:
        self._said.put_nowait(message)

    def _scope(self) -> Message:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 0),
        }

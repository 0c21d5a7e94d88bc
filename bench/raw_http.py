"""Just enough of an HTTP/1.1 server to be measured beside: one write an answer, on uvloop.

What is measured is who asks, so it reads no more of a request than its length and its body.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from typing import cast

import uvloop

from bench.http1 import content_length

_END_OF_HEAD = b"\r\n\r\n"
#: The response, head and all, to the body of a request.
Answer = Callable[[bytes], bytes]


class RawHttp(asyncio.Protocol):
    """One keep-alive connection; requests may be pipelined.

    Args:
        answer: to each of them.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._buffer = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (body := self._next_body()) is not None:
            self._transport.write(self._answer(body))

    def _next_body(self) -> bytes | None:
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0:
            return None
        start = end + len(_END_OF_HEAD)
        stop = start + content_length(self._buffer[:end])
        if len(self._buffer) < stop:
            return None
        body, self._buffer = self._buffer[start:stop], self._buffer[stop:]
        return body


def response(body: bytes, *, kind: bytes = b"application/json") -> bytes:
    """A whole response of status 200."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"
    return head % (kind, len(body)) + body


async def serve(answer: Answer, port: int) -> None:
    """Listen on loopback until cancelled; 0 takes any free port. Prints the port when ready."""
    server = await asyncio.get_running_loop().create_server(
        lambda: RawHttp(answer), "127.0.0.1", port
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def run(answer: Answer, *, description: str | None) -> None:
    """Serve `answer` where the command line says, until the process is ended."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0)
    uvloop.run(serve(answer, parser.parse_args().port))

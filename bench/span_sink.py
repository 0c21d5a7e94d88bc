"""A collector of traces that drops them: `python -m bench.span_sink --port 4318`.

What is measured beside it is who sends the spans, so it reads no more of HTTP than their length.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import cast

import uvloop

from bench.http1 import content_length

_END_OF_HEAD = b"\r\n\r\n"
_TAKEN = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"


class Sink(asyncio.Protocol):
    """One keep-alive connection of an exporter."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(_END_OF_HEAD)) >= 0:
            stop = end + len(_END_OF_HEAD) + content_length(self._buffer[:end])
            if len(self._buffer) < stop:
                return
            self._buffer = self._buffer[stop:]
            self._transport.write(_TAKEN)


async def serve(port: int) -> None:
    """Listen on loopback until cancelled."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main() -> int:
    """Command line of the sink."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))
    return 0


if __name__ == "__main__":
    sys.exit(main())

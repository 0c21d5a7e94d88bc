"""An OpenAI-compatible upstream that answers at once: `python -m bench.echo --port 9000`.

It repeats the first words of the last turn, streamed or not. What is measured through it is the
gateway in front of it, so it parses no more of HTTP than it must: a raw protocol on uvloop, one
write an answer.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any, cast

import orjson
import uvloop

from bench.http1 import content_length

MAX_ANSWER_WORDS = 16
_END_OF_HEAD = b"\r\n\r\n"


class Echo(asyncio.Protocol):
    """One keep-alive connection; requests may be pipelined."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (body := self._next_body()) is not None:
            self._transport.write(answer(body) if body else _http(b'{"status":"ok"}'))

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


def answer(body: bytes) -> bytes:
    """The whole HTTP response to a chat completion request."""
    request = orjson.loads(body)
    words = _last_text(request).split(None, MAX_ANSWER_WORDS)[:MAX_ANSWER_WORDS]
    usage = {"prompt_tokens": 60, "completion_tokens": len(words), "total_tokens": 60 + len(words)}
    if request.get("stream"):
        return _streamed(words, usage, str(request.get("model")))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": " ".join(words)},
        "finish_reason": "stop",
    }
    return _http(orjson.dumps(_completion("chat.completion", request.get("model"), choice, usage)))


def _last_text(request: dict[str, Any]) -> str:
    content = request["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _streamed(words: list[str], usage: dict[str, int], model: str) -> bytes:
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": f"{word} "}, None) for word in words]
    deltas.append(({}, "stop"))
    events = [
        _completion(
            "chat.completion.chunk",
            model,
            {"index": 0, "delta": delta, "finish_reason": finish_reason},
        )
        for delta, finish_reason in deltas
    ]
    last = _completion("chat.completion.chunk", model, None, usage)
    lines = [b"data: " + orjson.dumps(event) for event in [*events, last]]
    return _http(b"\n\n".join([*lines, b"data: [DONE]\n\n"]), kind=b"text/event-stream")


def _completion(
    kind: str, model: Any, choice: dict[str, Any] | None, usage: dict[str, int] | None = None
) -> dict[str, Any]:
    return {
        "id": "echo",
        "object": kind,
        "created": 0,
        "model": model,
        "choices": [] if choice is None else [choice],
        "usage": usage,
    }


def _http(body: bytes, *, kind: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s" % (
        kind,
        len(body),
        body,
    )


async def serve(port: int) -> None:
    """Listen on loopback until cancelled; 0 takes any free port. Prints the port when ready."""
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main() -> int:
    """Command line of the echo upstream."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    uvloop.run(serve(parser.parse_args().port))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A closed loop of clients in a process of its own: `python -m bench.load '{"url": ...}'`.

Every client keeps one connection and sends its next request when the last is answered. Prompts are
distinct and the same on every run. Prints one line of JSON; any answer but a 200 ends the run with
status 1 and the answer on stderr, so that errors never count as speed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import uvloop

from bench.http1 import Response
from bench.prompts import prompt, prompt_of_bytes
from bench.samples import Reading, Sample, figures


class LoadError(Exception):
    """The server did not answer as it should; the message holds what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to send, and for how long: ends at `max_requests` or `max_s`, whichever is first."""

    url: str
    model: str
    clients: int = 1
    max_requests: int = 1000
    max_s: float = 10.0
    prompt_tokens: int = 60
    #: The model's vocabulary is bytes: prompts are counted in bytes.
    is_bytes: bool = False
    stream: bool = False
    seed: str = "0"
    #: Further fields of the request.
    fields: dict[str, Any] = field(default_factory=dict)

    def text(self, index: int) -> str:
        """The prompt of the request `index`."""
        draw = prompt_of_bytes if self.is_bytes else prompt
        return draw(self.prompt_tokens, seed=f"{self.seed}-{index}")

    def request(self, index: int) -> bytes:
        """The HTTP request `index`, whole."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": self.text(index)}],
            **({"stream": True, "stream_options": {"include_usage": True}} if self.stream else {}),
            **self.fields,
        }
        content = orjson.dumps(body)
        return b"\r\n".join(
            [
                b"POST /v1/chat/completions HTTP/1.1",
                b"host: " + urlsplit(self.url).netloc.encode(),
                b"content-type: application/json",
                b"authorization: Bearer none",
                b"content-length: %d" % len(content),
                b"",
                content,
            ]
        )


class Connection(asyncio.Protocol):
    """One client's connection; one exchange at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._response = Response()
        self._reading = Reading(is_stream=False)
        self._answered: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to send on."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on; wake the client when the answer is complete."""
        self._reading.add(self._response.feed(data), now_s=perf_counter())
        if self._response.is_complete and not self._answered.done():
            self._answered.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange that was under way."""
        if not self._answered.done():
            self._answered.set_exception(LoadError(f"the connection was closed: {exc}"))

    async def exchange(self, request: bytes, *, is_stream: bool) -> Sample:
        """Send a request and read its answer to the end.

        Raises:
            LoadError: not a 200, a broken stream, or a closed connection.
        """
        self._response, self._reading = Response(), Reading(is_stream=is_stream)
        self._answered = self._loop.create_future()
        started_s = perf_counter()
        self._transport.write(request)
        await self._answered
        ended_s = perf_counter()
        return self._sample(started_s, ended_s)

    def _sample(self, started_s: float, ended_s: float) -> Sample:
        try:
            tokens = self._reading.completion_tokens()
        except ValueError as exc:
            raise LoadError(f"status {self._response.status}: {exc}") from exc
        first_s = self._reading.first_token_at_s or ended_s
        return Sample(
            latency_ms=(ended_s - started_s) * 1000,
            first_token_ms=(first_s - started_s) * 1000,
            completion_tokens=tokens,
        )


async def _client(load: Load, indexes: Iterator[int], end_s: float) -> list[Sample]:
    url = urlsplit(load.url)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, url.hostname, url.port)
    samples = []
    for index in indexes:
        samples.append(await connection.exchange(load.request(index), is_stream=load.stream))
        if perf_counter() >= end_s:
            break
    return samples


async def run(load: Load) -> dict[str, Any]:
    """Run the closed loop and return its figures.

    Raises:
        LoadError: the first wrong answer.
    """
    started_s, indexes = perf_counter(), iter(range(load.max_requests))
    clients = [_client(load, indexes, started_s + load.max_s) for _ in range(load.clients)]
    samples = [sample for part in await asyncio.gather(*clients) for sample in part]
    return {"clients": load.clients, **figures(samples, wall_s=perf_counter() - started_s)}


def main() -> int:
    """Command line of the load generator."""
    try:
        result = uvloop.run(run(Load(**orjson.loads(sys.argv[1]))))
    except (LoadError, OSError) as exc:
        print(exc, file=sys.stderr)
        return 1
    print(orjson.dumps(result).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())

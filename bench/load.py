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
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvloop

from bench.client import Client, LoadError
from bench.prompts import prompt, prompt_of_bytes
from bench.samples import Sample, figures


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
    #: What the caller presents.
    key: str = "none"
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
                b"authorization: Bearer " + self.key.encode(),
                b"content-length: %d" % len(content),
                b"",
                content,
            ]
        )


async def _one(client: Client, load: Load, indexes: Iterator[int], end_s: float) -> list[Sample]:
    samples = []
    for index in indexes:
        samples.append(await client.ask(load.request(index), is_stream=load.stream))
        if perf_counter() >= end_s:
            break
    return samples


async def run(load: Load) -> dict[str, Any]:
    """Run the closed loop and return its figures.

    Raises:
        LoadError: the first wrong answer.
    """
    url = urlsplit(load.url)
    clients = [Client(str(url.hostname), url.port or 80) for _ in range(load.clients)]
    started_s, indexes = perf_counter(), iter(range(load.max_requests))
    end_s = started_s + load.max_s
    parts = await asyncio.gather(*(_one(client, load, indexes, end_s) for client in clients))
    wall_s = perf_counter() - started_s
    samples = [sample for part in parts for sample in part]
    return {
        "clients": load.clients,
        "num_reconnects": sum(client.num_reconnects for client in clients),
        **figures(samples, wall_s=wall_s),
    }


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

"""Clients that ask for experts until stdin ends: `python -m bench.asking '{"url": ...}'`.

Each streams one answer after another and keeps every reply, good or bad; at the end they are
written as JSON lines. A process of its own, so that whoever edits the registry does not slow it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop

from bench.replies import Reply

_GENERATION = "x-orchestrator-generation"
_DATA = b"data: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What to ask, and where the replies go."""

    url: str
    experts: tuple[str, ...]
    clients: int
    out: str


async def ask(session: aiohttp.ClientSession, url: str, expert: str) -> Reply:
    """Stream one answer; whatever goes wrong is in the reply."""
    body = {
        "model": expert,
        "stream": True,
        "messages": [{"role": "user", "content": "Which edition?"}],
    }
    started_s = headed_s = time.time()
    status, generation, text = 0, None, ""
    try:
        async with session.post(f"{url}/v1/chat/completions", json=body) as response:
            headed_s = time.time()
            generation = int(response.headers.get(_GENERATION, 0)) or None
            content = await response.read()
        status, text = response.status, text_of(content) if response.ok else content.decode()
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as exc:
        status, text = 0, f"{type(exc).__name__}: {exc}"
    return Reply(
        expert=expert,
        started_s=started_s,
        headed_s=headed_s,
        ended_s=time.time(),
        status=status,
        generation=generation,
        text=text,
    )


def text_of(content: bytes) -> str:
    """The words of a stream that ended as it should.

    Raises:
        ValueError: it did not, or holds an error.
    """
    parts = (part for part in content.split(b"\n\n") if part and not part.startswith(b":"))
    events = [part.removeprefix(_DATA) for part in parts]
    if not events or events[-1] != b"[DONE]":
        raise ValueError(f"the stream did not end: ...{content[-200:]!r}")
    chunks = [orjson.loads(event) for event in events[:-1]]
    if errors := [chunk["error"] for chunk in chunks if "error" in chunk]:
        raise ValueError(f"an error in the stream: {errors[0]}")
    return "".join(_delta(chunk) for chunk in chunks)


def _delta(chunk: dict[str, Any]) -> str:
    choices = chunk["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


async def run(asking: Asking) -> list[Reply]:
    """Ask until stdin ends."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stopped.set)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        clients = (
            _client(session, asking, islice(cycle(asking.experts), number, None), stopped)
            for number in range(asking.clients)
        )
        parts = await asyncio.gather(*clients)
    return [reply for part in parts for reply in part]


async def _client(
    session: aiohttp.ClientSession, asking: Asking, experts: Iterator[str], stopped: asyncio.Event
) -> list[Reply]:
    replies = []
    while not stopped.is_set():
        replies.append(await ask(session, asking.url, next(experts)))
    return replies


def main() -> None:
    """Command line of the clients."""
    asking = Asking(**orjson.loads(sys.argv[1]))
    replies = uvloop.run(run(asking))
    lines = (orjson.dumps(asdict(reply)) for reply in replies)
    Path(asking.out).write_bytes(b"\n".join(lines))


if __name__ == "__main__":
    main()

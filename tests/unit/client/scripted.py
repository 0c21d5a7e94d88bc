"""Either client on a service whose answers are written down beforehand."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from orchestrator.client import AsyncClient, Client

BATCH = {
    "id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "status": "completed",
    "input_file_id": "file-in", "completion_window": "24h", "created_at": 1, "a_new_key": 1,
    "output_file_id": "file-out", "error_file_id": "file-err",
    "request_counts": {"total": 2, "completed": 1, "failed": 1},
}  # fmt: skip
FILE = {
    "id": "file-in", "object": "file", "bytes": 7, "created_at": 1, "filename": "in.jsonl",
    "purpose": "batch", "status": "processed",
}  # fmt: skip


def progress(status: str = "in_progress", *, num_done: int = 0) -> dict:
    counts = {"total": 10, "completed": num_done, "failed": 0}
    return {"id": "batch_1", "status": status, "request_counts": counts, "run": None}


def refused(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": "a sentence", "code": code}})


class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks off after what was sent."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        raise httpx.ReadError("the connection was lost")

    async def __aiter__(self):
        for piece in self:
            yield piece


@dataclass
class Scripted:
    """Answers by method and path, one a request; the last one stays."""

    kind: type[Client] | type[AsyncClient]
    answers: dict[str, list[httpx.Response | Exception | dict]]
    seen: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    #: Of the client.
    settings: dict = field(default_factory=dict)

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        script = self.answers[f"{request.method} {request.url.path}"]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, json=answer) if isinstance(answer, dict) else answer

    async def arespond(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.respond(request)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def apause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def ask(self, path: str, *args, **named):
        """What `client.path(*args, **named)` gives; of an iterator all that it yields."""
        is_async = self.kind is AsyncClient
        transport = httpx.MockTransport(self.arespond if is_async else self.respond)
        pause = self.apause if is_async else self.pause
        client = self.kind(transport=transport, pause=pause, **self.settings)
        method = client
        for name in path.split("."):
            method = getattr(method, name)
        try:
            return await drained(method(*args, **named))
        finally:
            await drained(client.close())


async def drained(value):
    """A value, waited for, and read to its end where it is an iterator."""
    if inspect.isawaitable(value):
        value = await value
    if hasattr(value, "__aiter__"):
        return [one async for one in value]
    return list(value) if hasattr(value, "__iter__") and _is_lazy(value) else value


def _is_lazy(value) -> bool:
    return not isinstance(value, bytes | str | tuple) and not hasattr(value, "model_fields_set")

"""An OpenAI-compatible upstream that does what its script says, as an aiohttp application."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web

from orchestrator.engines.sse import MAX_EVENT_BYTES
from tests.faults.answers import Asked, asked_by
from tests.faults.scripts import Fault, Scripts

SCRIPTS = web.AppKey("scripts", Scripts)
#: Between two bytes of a slow answer, seconds.
BYTE_S = 0.001

_JSON = {"Content-Type": "application/json"}
_MALFORMED = {
    "bad-json": b'data: {"choices": [{"index": 0, "delta"\n\n',
    "bad-sse": b"<html><body>Bad gateway</body></html>\n\ndata: <html>\n\n",
    "wrong-object": b'data: ["not", "an", "object"]\n\n',
    "no-choices": b'data: {"object": "list", "data": []}\n\ndata: [DONE]\n\n',
    "nul": b"data: \x00\x00\x00\n\n",
    "error-event": b'data: {"error": {"message": "it fell over", "code": 500}}\n\n',
}


def application(scripts: Scripts) -> web.Application:
    """The upstream; `POST /control` gives it other orders, `GET /control` counts."""
    app = web.Application(client_max_size=2**26)
    app[SCRIPTS] = scripts
    app.router.add_post("/v1/chat/completions", _answer)
    app.router.add_post("/v1/completions", _answer)
    app.router.add_get("/control", _count)
    app.router.add_post("/control", _tell)
    return app


@asynccontextmanager
async def upstream(scripts: Scripts | None = None, *, port: int = 0) -> AsyncIterator[str]:
    """Serve on the loopback while the block runs; yields the root, ending in `/v1`."""
    app = application(scripts or Scripts())
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def _count(request: web.Request) -> web.Response:
    return web.json_response(dict(request.app[SCRIPTS].num_by_kind))


async def _tell(request: web.Request) -> web.Response:
    order: dict[str, Any] = {"faults": [], "then": [], "rate": 0.0, "seed": 0}
    request.app[SCRIPTS].tell(**(order | await request.json()))
    return web.json_response({})


async def _answer(request: web.Request) -> web.StreamResponse:
    asked = asked_by(orjson.loads(await request.read()))
    fault = request.app[SCRIPTS].of(model=asked.model, text=asked.text, headers=request.headers)
    if fault.kind == "cut-before-head":
        return _cut(request, web.StreamResponse())
    if fault.kind == "stall-before-head":
        await _forever()
    if fault.kind[0].isdigit() or fault.kind == "redirect":
        return _refused(request, fault)
    head = {"Content-Type": "text/event-stream"} if asked.is_streamed else _JSON
    response = web.StreamResponse(headers=head)
    await response.prepare(request)
    events = _events(asked) if asked.is_streamed else _halves(asked)
    return await _spoken(request, response, events=events, fault=fault)


async def _spoken(
    request: web.Request, response: web.StreamResponse, *, events: list[bytes], fault: Fault
) -> web.StreamResponse:
    if fault.kind == "slow":
        for byte in b"".join(events):
            await response.write(bytes((byte,)))
            await asyncio.sleep(BYTE_S)
        return response
    num = 0 if fault.kind.endswith("after-head") else fault.num
    before = events if fault.kind == "ok" else events[: min(num, len(events) - 2)]
    for event in before:
        await response.write(event)
    if fault.kind == "ok":
        return response
    return await _broken(request, response, fault=fault, following=events[len(before)])


async def _broken(
    request: web.Request, response: web.StreamResponse, *, fault: Fault, following: bytes
) -> web.StreamResponse:
    """What happens after the chunks that came well."""
    kind = fault.kind
    if kind in _MALFORMED:
        await response.write(_MALFORMED[kind])
    elif kind == "huge-line":
        await response.write(b"data: ")
        for _ in range(MAX_EVENT_BYTES // 2**20 + 1):
            await response.write(b"x" * 2**20)
    elif kind == "cut-mid-chunk":
        await response.write(following[: len(following) // 2])
    elif kind == "cut-mid-utf8":
        await response.write(following[: following.find("«".encode()) + 1])
    elif kind == "done-early":
        await response.write(b"data: [DONE]\n\n")
    if kind.startswith("stall"):
        await _forever()
    return _cut(request, response) if kind.startswith("cut") else response


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Close the connection under the answer, once what was written has left."""
    assert request.transport is not None, "a request that is answered has a connection"
    request.transport.close()
    return response


async def _forever() -> None:
    """Until whoever asked hangs up: aiohttp then cancels."""
    await asyncio.Event().wait()


def _refused(request: web.Request, fault: Fault) -> web.Response:
    if fault.kind == "redirect":
        return web.Response(status=307, headers={"Location": str(request.url)})
    status, _, has_time = fault.kind.partition("-")
    body = {"error": {"message": f"scripted {status}", "type": "scripted", "code": None}}
    headers = {"Retry-After": str(fault.num)} if has_time else None
    return web.json_response(body, status=int(status), headers=headers)


def _events(asked: Asked) -> list[bytes]:
    said = [_choice(asked, piece, None) for piece in asked.pieces]
    bodies = [{"choices": [one]} for one in (*said, _choice(asked, "", asked.finish_reason))]
    if asked.has_usage:
        bodies.append({"choices": [], "usage": asked.usage})
    framed = [b"data: " + orjson.dumps(_named(asked, one)) + b"\n\n" for one in bodies]
    return [*framed, b"data: [DONE]\n\n"]


def _halves(asked: Asked) -> list[bytes]:
    """A whole answer in pieces, so that the same faults fit it."""
    choice = _choice(asked, "".join(asked.pieces), asked.finish_reason)
    choice["message"] = choice.pop("delta", None) or {"content": choice.get("text", "")}
    body = orjson.dumps(_named(asked, {"choices": [choice], "usage": asked.usage}))
    edges = [len(body) * part // 8 for part in range(9)]
    return [body[begin:end] for begin, end in itertools.pairwise(edges)]


def _choice(asked: Asked, text: str, finish_reason: str | None) -> dict[str, Any]:
    said = {"delta": {"content": text}} if asked.is_chat else {"text": text}
    return {"index": 0, "finish_reason": finish_reason, **said}


def _named(asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
    kind = "chat.completion.chunk" if asked.is_chat else "text_completion"
    return {"id": "scripted", "object": kind, "created": 0, "model": asked.model, **body}

"""A small OpenAI-compatible server in front of an engine, for tests of `OpenAIEngine`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web

from orchestrator.engines.base import (
    Call,
    Chat,
    Chunk,
    Delta,
    Engine,
    Message,
    Sampling,
    Text,
    TextPart,
    Usage,
)
from orchestrator.errors import OrchestratorError


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """Serve every path by `handle` on a free port of the loopback; yields the base URL."""
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()


def front(engine: Engine) -> Callable[[web.Request], Any]:
    """Speak OpenAI's protocol in front of `engine`."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        call = read_call(body)
        try:
            if body.get("stream"):
                return await stream(request, engine, call)
            chunks = [chunk async for chunk in engine.generate(call)]
        except OrchestratorError as exc:
            error = {"message": exc.message, "code": exc.code, "param": exc.param}
            return web.json_response({"error": error}, status=exc.status)
        return web.json_response(whole(chunks[-1], is_chat="messages" in body))

    return handle


async def stream(request, engine, call):
    chunks = engine.generate(call)
    chunk = await anext(chunks)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    try:
        while True:
            for event in events(chunk, is_chat=isinstance(call.prompt, Chat)):
                await response.write(b"data: " + orjson.dumps(event) + b"\n\n")
            chunk = await anext(chunks, None)
            if chunk is None:
                break
    finally:
        await chunks.aclose()
    await response.write(b"data: [DONE]\n\n")
    return response


def read_call(body: dict[str, Any]) -> Call:
    names = ("n", "temperature", "max_tokens", "seed")
    given = {name: body[name] for name in names if name in body}
    scores = body.get("top_logprobs") if "messages" in body else body.get("logprobs")
    sampling = Sampling(**given, stop=tuple(body.get("stop", ())), top_logprobs=scores)
    prompt = Text(text=body["prompt"]) if "prompt" in body else Chat(messages=messages(body))
    return Call(
        id="upstream",
        expert=body["model"],
        generation=0,
        prompt=prompt,
        sampling=sampling,
        echo=body.get("echo", False),
        stream=body.get("stream", False),
    )


def messages(body):
    return tuple(
        Message(role=turn["role"], content=(TextPart(text=turn["content"] or ""),))
        for turn in body["messages"]
    )


def whole(chunk: Chunk, *, is_chat: bool) -> dict[str, Any]:
    choices = [choice(delta, "message", is_chat=is_chat) for delta in chunk.deltas]
    return {"id": "1", "choices": choices, "usage": usage(chunk.usage)}


def events(chunk: Chunk, *, is_chat: bool):
    for delta in chunk.deltas:
        yield {"choices": [choice(delta, "delta", is_chat=is_chat)], "usage": None}
    if chunk.usage is not None:
        yield {"choices": [], "usage": usage(chunk.usage)}


def choice(delta: Delta, key: str, *, is_chat: bool) -> dict[str, Any]:
    base = {"index": delta.index, "finish_reason": delta.finish_reason}
    if not is_chat:
        return base | {"text": delta.text, "logprobs": None}
    said = {"content": delta.text, "reasoning_content": delta.reasoning}
    if delta.tool_calls:
        said["tool_calls"] = [tool_call(call) for call in delta.tool_calls]
    scores = {"content": [score(token) for token in delta.logprobs]} if delta.logprobs else None
    return base | {key: said, "logprobs": scores}


def tool_call(call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"index": call.index, "id": call.id, "type": "function", "function": function}


def score(token) -> dict[str, Any]:
    entry = {"token": token.token, "logprob": token.logprob, "bytes": list(token.bytes_)}
    return entry | {"top_logprobs": [score(other) for other in token.top]}


def usage(counted: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": counted.prompt_tokens,
        "completion_tokens": counted.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counted.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": counted.reasoning_tokens},
    }

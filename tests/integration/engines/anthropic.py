"""A small server that speaks Anthropic's protocol, for tests of `LitellmEngine`."""

import orjson
from aiohttp import web

USAGE = {"input_tokens": 11, "output_tokens": 7}


def messages(*blocks: dict, stop_reason: str | None = "end_turn", seen: list | None = None):
    """Answer `/v1/messages` with these content blocks; no `stop_reason` cuts a stream short."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        if seen is not None:
            seen.append((request.path, dict(request.headers), body))
        if not body.get("stream"):
            return web.json_response(head() | {"content": blocks, "stop_reason": stop_reason})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events(blocks, stop_reason):
            line = b"event: %s\ndata: %s\n\n" % (event["type"].encode(), orjson.dumps(event))
            await response.write(line)
        return response

    return handle


def head():
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "stop_sequence": None,
        "usage": USAGE,
    }


def events(blocks, stop_reason):
    yield {"type": "message_start", "message": head() | {"content": [], "stop_reason": None}}
    for index, block in enumerate(blocks):
        yield from block_events(index, block)
    if stop_reason is None:
        return
    end = {"stop_reason": stop_reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 7}}
    yield {"type": "message_stop"}


def block_events(index, block):
    empty, deltas = spelled(block)
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def spelled(block):
    if block["type"] == "text":
        halves = block["text"][:3], block["text"][3:]
        return block | {"text": ""}, [{"type": "text_delta", "text": half} for half in halves]
    if block["type"] == "thinking":
        delta = {"type": "thinking_delta", "thinking": block["thinking"]}
        return block | {"thinking": ""}, [delta]
    text = orjson.dumps(block["input"]).decode()
    halves = text[:4], text[4:]
    return block | {"input": {}}, [
        {"type": "input_json_delta", "partial_json": half} for half in halves
    ]

"""Read a request's body, but never more of it than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.types import Message

from orchestrator.api.connection import ClientGoneError
from orchestrator.api.exchange import Exchange
from orchestrator.errors import BodyTooLargeError, BodyTooSlowError, InvalidRequestError

#: Longest time in which a body arrives that is read whole, unless a caller of this says another.
_MAX_S = 60.0


async def read_body(
    request: Request, exchange: Exchange, *, max_bytes: int, max_s: float = _MAX_S
) -> bytes:
    """The whole body.

    Raises:
        BodyTooLargeError: it is announced as, or turns out to be, longer than `max_bytes`.
        BodyTooSlowError: it is not there within `max_s`, however it trickles.
        InvalidRequestError: it is compressed, or its length is no number.
        ClientGoneError: the caller hung up while sending.
    """
    try:
        async with asyncio.timeout(max_s):
            chunks = [chunk async for chunk in stream_body(request, exchange, max_bytes=max_bytes)]
    except TimeoutError as exc:
        raise BodyTooSlowError(
            f"the request body is not there after {max_s:g} s; send it again, and faster"
        ) from exc
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def stream_body(
    request: Request, exchange: Exchange, *, max_bytes: int, max_silence_s: float | None = None
) -> AsyncIterator[bytes]:
    """The body as it comes; what is not asked for is not read.

    Raises:
        BodyTooLargeError: it is announced as, or turns out to be, longer than `max_bytes`.
        BodyTooSlowError: nothing came for `max_silence_s`.
        InvalidRequestError: it is compressed, or its length is no number.
        ClientGoneError: the caller hung up while sending.
    """
    _check_announced(request, max_bytes)
    num_bytes = 0
    has_more = True
    while has_more:
        asked_s = exchange.clock()
        message = await _next(request, max_silence_s)
        exchange.caller_s += exchange.clock() - asked_s
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = message.get("body", b"")
        has_more = message.get("more_body", False)
        num_bytes += len(chunk)
        if num_bytes > max_bytes:
            raise _too_large(f"more than {max_bytes} bytes", max_bytes)
        yield chunk


async def _next(request: Request, max_silence_s: float | None) -> Message:
    if max_silence_s is None:
        return await request.receive()
    try:
        async with asyncio.timeout(max_silence_s):
            return await request.receive()
    except TimeoutError as exc:
        raise BodyTooSlowError(
            f"nothing of the request body came for {max_silence_s:g} s; send it again"
        ) from exc


def _check_announced(request: Request, max_bytes: int) -> None:
    for name, value in request.scope["headers"]:
        if name == b"content-length":
            _check_length(value, max_bytes)
        elif name == b"content-encoding" and value.lower() != b"identity":
            encoding = value.decode("latin-1")
            raise InvalidRequestError(
                f"content-encoding {encoding!r} is not understood; send the body uncompressed"
            )


def _check_length(value: bytes, max_bytes: int) -> None:
    if not value.isdigit():
        raise InvalidRequestError(f"content-length {value.decode('latin-1')!r} is not a number")
    # Compared by digits first: Python refuses to parse numbers of thousands of digits.
    if len(value) > 18 or int(value) > max_bytes:
        raise _too_large(f"{value.decode()[:18]} bytes", max_bytes)


def _too_large(found: str, max_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"the request body is {found}; at most {max_bytes} are allowed")

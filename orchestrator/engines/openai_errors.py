"""An upstream's refusals and aiohttp's failures as errors of our tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson

from orchestrator.errors import (
    BadCredentialsError,
    ContextTooLongError,
    EngineDeadError,
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    InvalidRequestError,
    OrchestratorError,
    OverloadedError,
)
from orchestrator.guards.connecting import refused as refused_address
from orchestrator.guards.redaction import blotted
from orchestrator.guards.upstreams import refusal_of

_CONTEXT = re.compile(r"context[_ ]length|maximum context|context window|max_model_len", re.I)
_MAX_MESSAGE = 500


@contextmanager
def translated(upstream: str) -> Iterator[None]:
    """Turn what aiohttp raises into errors of our tree.

    Args:
        upstream: the expert's id and address, for messages.
    """
    try:
        yield
    except TimeoutError as exc:
        raise EngineTimeoutError(f"{upstream} gave no answer in time") from exc
    except aiohttp.ClientPayloadError as exc:
        raise EngineProtocolError(f"{upstream} cut its answer: {exc}") from exc
    except (aiohttp.ClientConnectionError, ConnectionError) as exc:
        if (refused := refused_address(exc)) is not None:
            raise refusal_of(upstream, str(refused)) from exc
        raise EngineDeadError(f"{upstream} cannot be reached: {exc}") from exc
    except aiohttp.ClientError as exc:
        raise EngineProtocolError(f"{upstream} does not speak HTTP as it should: {exc}") from exc


def refusal(
    upstream: str, status: int, *, body: bytes, headers: Mapping[str, str], secret: str | None
) -> OrchestratorError:
    """The error that an answer of this status stands for.

    Args:
        upstream: the expert's id and address, for messages.
        status: of HTTP.
        body: of the answer, which holds OpenAI's error envelope if all is well.
        headers: of the answer.
        secret: our key, which upstreams like to repeat; it is blotted out.
    """
    if status in (401, 403):
        return BadCredentialsError(
            f"{upstream} refuses our credentials ({status}): check engine.api_key_env"
        )
    message, code = _envelope(body)
    text = f"{upstream} answers {status}: {blotted(message, secret)}"
    return from_message(text, status, code=code, headers=headers)


def from_message(
    text: str, status: int, *, code: str = "", headers: Mapping[str, str] | None = None
) -> OrchestratorError:
    """The error for a status and what the upstream said with it."""
    if status == 429 or status == 503:
        return OverloadedError(text, retry_after_s=retry_after_s(headers or {}))
    if status in (408, 504):
        return EngineTimeoutError(text)
    if status >= 500:
        return EngineError(text)
    if status < 400:
        return EngineProtocolError(text)
    if status in (400, 413, 422) and (_CONTEXT.search(code) or _CONTEXT.search(text)):
        return ContextTooLongError(text)
    return InvalidRequestError(text)


def stream_error(upstream: str, error: Any, *, secret: str | None) -> OrchestratorError:
    """The error that an event with `error` stands for, sent after the status was 200."""
    fields = error if isinstance(error, dict) else {"message": str(error)}
    message = blotted(str(fields.get("message") or "no reason given")[:_MAX_MESSAGE], secret)
    code = fields.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    text = f"{upstream} failed while it answered: {message}"
    return from_message(text, status, code=str(fields.get("type") or code or ""))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds in `Retry-After`, which may also be a date; `None` where it says neither."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _envelope(body: bytes) -> tuple[str, str]:
    """Message and code of an error body, or its first characters."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return repr(body[:_MAX_MESSAGE].decode("utf-8", errors="replace")), ""
    error = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(error, dict):
        return str(error)[:_MAX_MESSAGE], ""
    message = error.get("message") or error.get("detail") or "no reason given"
    return str(message)[:_MAX_MESSAGE], f"{error.get('code') or ''} {error.get('type') or ''}"

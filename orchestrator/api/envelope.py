"""Every error in one shape: OpenAI's envelope, with our codes and sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from orchestrator.errors import OrchestratorError, RegistryError

_TYPES = {403: "permission_error", 404: "invalid_request_error", 429: "rate_limit_error"}
#: As OpenAI calls them.
_TYPES_BY_CODE = {
    "rate_limit_exceeded": "rate_limit_exceeded",
    "insufficient_quota": "insufficient_quota",
}

#: Sent when nobody knows better; seconds.
_DEFAULT_RETRY_AFTER_S = 1.0


def envelope(message: str, *, status: int, code: str, param: str | None = None) -> bytes:
    """The JSON body of an error."""
    return orjson.dumps({"error": _fields(message, status=status, code=code, param=param)})


def envelope_of(error: OrchestratorError) -> bytes:
    """The JSON body for an error of our tree; faults of a registry keep their places."""
    fields = _fields(error.message, status=error.status, code=error.code, param=error.param)
    if isinstance(error, RegistryError):
        fields["faults"] = error.faults
    return orjson.dumps({"error": fields})


def ending_of(error: OrchestratorError) -> bytes:
    """The same for a stream that has begun, which has no header left to say when to try again."""
    fields = _fields(error.message, status=error.status, code=error.code, param=error.param)
    if error.retryable and error.retry_after_s is not None:
        fields["retry_after_s"] = error.retry_after_s
    return orjson.dumps({"error": fields})


def _fields(message: str, *, status: int, code: str, param: str | None) -> dict[str, Any]:
    kind = _TYPES_BY_CODE.get(code) or _TYPES.get(status)
    kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
    return {"message": message, "type": kind, "param": param, "code": code}


def headers_for(error: OrchestratorError) -> dict[str, str]:
    """Headers that tell a client whether to try again, and when.

    OpenAI's clients retry every 5xx unless `x-should-retry` says otherwise.
    """
    headers = {"content-type": "application/json"}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.status >= 500:
        headers["x-should-retry"] = "true" if error.retryable else "false"
    if error.retryable and error.status in (409, 429, 503):
        wait_s = error.retry_after_s or _DEFAULT_RETRY_AFTER_S
        headers["retry-after"] = str(math.ceil(wait_s))
        if error.status == 429:
            headers["retry-after-ms"] = str(math.ceil(wait_s * 1000))
    elif error.status == 429:  # OpenAI's clients try every 429 again unless told not to
        headers["x-should-retry"] = "false"
    return headers


def as_asgi(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]

"""Requests of the SDK as values, built once for the blocking and the asynchronous client."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any, Literal

from orchestrator.client.wire import Messages
from orchestrator.errors import InvalidRequestError

if TYPE_CHECKING:
    import httpx

#: Names a request, so that it may be sent again and is answered once.
IDEMPOTENCY_KEY = "idempotency-key"
#: Option -> the header that it travels as.
WISHES = {
    "include": "x-orchestrator-include",
    "exclude": "x-orchestrator-exclude",
    "max_price_usd": "x-orchestrator-max-price-usd",
    "max_latency_s": "x-orchestrator-max-latency-s",
    "max_energy_j": "x-orchestrator-max-energy-j",
    "max_calls": "x-orchestrator-max-calls",
    "max_total_tokens": "x-orchestrator-max-total-tokens",
    "max_wait_s": "x-orchestrator-max-wait-s",
    "priority": "x-orchestrator-priority",
    "order": "x-orchestrator-order",
    "fresh": "x-orchestrator-fresh",
    "details": "x-orchestrator-details",
    "stages": "x-orchestrator-stages",
    "cache": "x-orchestrator-cache",
    "log": "x-orchestrator-log",
    "request_id": "x-request-id",
    "traceparent": "traceparent",
    "tracestate": "tracestate",
    "idempotency_key": IDEMPOTENCY_KEY,
}
#: Options that are no part of the body.
_OF_REQUEST = frozenset({*WISHES, "timeout_s"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way, with what is said of it; it is read as it is sent."""

    filename: str
    content: IO[bytes]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One HTTP request, relative to the service's root."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    params: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    #: In the place of a body.
    upload: Upload | None = None
    content: bytes | None = None
    #: Longest silence of the service, seconds; the client's own where it is left out.
    timeout_s: float | None = None
    #: Whether it is asked again while it fails for a while: it changes nothing, or the same each
    #: time. `wanted`: by clients that were given `retries`.
    repeats: Literal["never", "wanted", "always"] = "never"
    #: It makes or charges something, once under an idempotency key, however often it is sent.
    may_be_named: bool = False

    def as_sent(self, *, is_patient: bool) -> Outgoing:
        """What travels; for a client that was given `retries`, what may be named has a name."""
        if not is_patient or not self.may_be_named or self._is_named:
            return self
        named = {IDEMPOTENCY_KEY.encode(): uuid.uuid4().hex.encode()}
        return replace(self, headers={**self.headers, **named})

    def may_be_sent_again(self, *, is_patient: bool) -> bool:
        """Whether sending it again does no harm, and is wished for."""
        is_wanted = self.repeats == "always" or (is_patient and self.repeats == "wanted")
        return is_wanted or self._is_named

    def for_httpx(self) -> dict[str, Any]:
        """Keyword arguments of `build_request`."""
        asked: dict[str, Any] = {"method": self.method, "url": self.path, "headers": self.headers}
        if self.params is not None:
            asked["params"] = self.params
        if self.upload is not None:
            part = (self.upload.filename, self.upload.content, "application/jsonl")
            asked |= {"data": self.upload.fields, "files": {"file": part}}
        elif self.content is not None:
            asked["content"] = self.content
        else:
            asked["json"] = self.body
        return asked if self.timeout_s is None else asked | {"timeout": self.timeout_s}

    @property
    def _is_named(self) -> bool:
        return IDEMPOTENCY_KEY.encode() in self.headers


def written(call: Outgoing, write: Callable[..., httpx.Request]) -> httpx.Request:
    """The request that travels.

    Raises:
        InvalidRequestError: it holds what JSON or a header cannot, or a time that is none.
    """
    if call.timeout_s is not None:
        require_time(call.timeout_s, "timeout_s")
    try:
        return write(**call.for_httpx())
    except (TypeError, ValueError) as exc:
        raise InvalidRequestError(f"the request cannot be written: {exc}") from exc


def require_time(seconds: object, name: str) -> None:
    """Raises unless it is a time to wait.

    Raises:
        InvalidRequestError: it is no number above 0.
    """
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not seconds > 0:  # type: ignore[operator]
        raise InvalidRequestError(
            f"{name!r} is {seconds!r:.80}; it must be a number of seconds above 0", param=name
        )


def models_call() -> Outgoing:
    """Ask for every name that callers can use."""
    return Outgoing(method="GET", path="/v1/models", repeats="wanted")


def chat_call(
    messages: Messages, *, model: str, stream: bool, options: Mapping[str, Any]
) -> Outgoing:
    """Ask for an answer."""
    body = {
        "model": model,
        "messages": _turns(messages),
        "stream": stream,
        **_said_in_body(options),
    }
    return generation_call("/v1/chat/completions", body, wishes=options)


def route_call(messages: Messages, *, model: str, options: Mapping[str, Any]) -> Outgoing:
    """Ask who would answer."""
    body = {"model": model, "messages": _turns(messages), **_said_in_body(options)}
    return Outgoing(
        method="POST",
        path="/v1/route",
        body=body,
        headers=headers_of(options),
        timeout_s=options.get("timeout_s"),
        repeats="wanted",
    )


def generation_call(path: str, body: Mapping[str, Any], *, wishes: Mapping[str, Any]) -> Outgoing:
    """Ask for what an expert makes, and is charged."""
    return Outgoing(
        method="POST",
        path=path,
        body=body,
        headers=headers_of(wishes),
        timeout_s=wishes.get("timeout_s"),
        may_be_named=True,
    )


def decisions_call(*, limit: int) -> Outgoing:
    """Ask for the newest decision records."""
    return Outgoing(
        method="GET", path="/admin/decisions", params={"limit": limit}, repeats="wanted"
    )


def headers_of(options: Mapping[str, Any]) -> dict[bytes, bytes]:
    """The headers that the wishes among `options` travel as."""
    given = {n: value for n, value in options.items() if n in WISHES and value is not None}
    return {WISHES[name].encode(): text for name, value in given.items() if (text := _text(value))}


def _text(value: Any) -> bytes:
    """A number, or names separated by commas; nothing where there are none."""
    text = str(value) if isinstance(value, str | int | float) else ", ".join(value)
    return text.encode()


def _said_in_body(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in _OF_REQUEST}


def _turns(messages: Messages) -> list[Mapping[str, Any]]:
    return [{"role": "user", "content": messages}] if isinstance(messages, str) else messages

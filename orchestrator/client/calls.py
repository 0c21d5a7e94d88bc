"""Requests of the SDK as values, built once for the blocking and the asynchronous client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.client.wire import Messages

#: Options that travel as headers.
_WISHES = {
    "max_wait_s": "x-orchestrator-max-wait-s",
    "priority": "x-orchestrator-priority",
    "order": "x-orchestrator-order",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One HTTP request, relative to the service's root."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def models_call() -> Outgoing:
    """Ask for every name that callers can use."""
    return Outgoing(method="GET", path="/v1/models")


def chat_call(
    messages: Messages, *, model: str, stream: bool, options: Mapping[str, Any]
) -> Outgoing:
    """Ask for an answer."""
    asked = {name: value for name, value in options.items() if name not in _WISHES}
    body = {"model": model, "messages": _turns(messages), "stream": stream, **asked}
    return Outgoing(
        method="POST", path="/v1/chat/completions", body=body, headers=headers_of(options)
    )


def route_call(messages: Messages, *, model: str) -> Outgoing:
    """Ask who would answer."""
    body = {"model": model, "messages": _turns(messages)}
    return Outgoing(method="POST", path="/v1/route", body=body)


def headers_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The headers that the wishes among `options` travel as."""
    return {_WISHES[name]: str(value) for name, value in options.items() if name in _WISHES}


def _turns(messages: Messages) -> list[Mapping[str, Any]]:
    return [{"role": "user", "content": messages}] if isinstance(messages, str) else messages

"""Whose files and batches a request means."""

from __future__ import annotations

from starlette.requests import Request

from orchestrator.api.exchange import exchange_of


def owner_of(request: Request) -> str:
    """Of whoever asks; whoever presents no key to a service without keys shares what has none."""
    return exchange_of(request).caller.owner

"""How both clients connect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from orchestrator.client.calls import require_time
from orchestrator.client.retrying import Retries
from orchestrator.errors import InvalidRequestError

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the service is and how long to wait for it."""

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float
    #: How often what may be asked again is; `None`: as `Retries()` says, and only what the caller
    #: named with an idempotency key, and looks at files and batches.
    retries: Retries | None = None

    def __post_init__(self) -> None:
        require_root(self.base_url)
        require_time(self.timeout_s, "timeout_s")
        if self.api_key is not None and not _is_sendable(self.api_key):
            raise InvalidRequestError(
                "'api_key' is empty or holds what a header cannot: printable ASCII is allowed; "
                "leave it out where none is needed",
                param="api_key",
            )

    def for_httpx(self) -> dict[str, Any]:
        """Keyword arguments that `httpx.Client` and `httpx.AsyncClient` share."""
        headers = {"accept": "application/json, text/event-stream"}
        if self.api_key is not None:
            headers["authorization"] = f"Bearer {self.api_key}"
        return {"base_url": root_of(self.base_url), "timeout": self.timeout_s, "headers": headers}


def require_root(url: object) -> None:
    """Raises unless it is the address of a service.

    Raises:
        InvalidRequestError: it has another scheme, no host, or more than the root's path.
    """
    if not isinstance(url, str) or not _is_root(url):
        raise InvalidRequestError(
            f"'base_url' is {url!r:.200}; it must be the root of a service, as {DEFAULT_URL!r}",
            param="base_url",
        )


def _is_root(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_placed = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address that is none
        return False
    is_bare = url == url.strip() and not parts.query and not parts.fragment
    return parts.scheme in ("http", "https") and is_placed and is_bare


def _is_sendable(key: object) -> bool:
    return isinstance(key, str) and key.isascii() and key.isprintable() and bool(key.strip())


def root_of(url: str) -> str:
    """The root of a service; the address that other clients take means the same service."""
    return url.rstrip("/").removesuffix("/v1")

"""How both clients connect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from orchestrator.client.retrying import Retries

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

    def for_httpx(self) -> dict[str, Any]:
        """Keyword arguments that `httpx.Client` and `httpx.AsyncClient` share."""
        headers = {"accept": "application/json, text/event-stream"}
        if self.api_key is not None:
            headers["authorization"] = f"Bearer {self.api_key}"
        return {"base_url": root_of(self.base_url), "timeout": self.timeout_s, "headers": headers}


def root_of(url: str) -> str:
    """The root of a service; the address that other clients take means the same service."""
    return url.rstrip("/").removesuffix("/v1")

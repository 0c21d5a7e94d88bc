"""How both clients connect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the service is and how long to wait for it."""

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float

    def for_httpx(self) -> dict[str, Any]:
        """Keyword arguments that `httpx.Client` and `httpx.AsyncClient` share."""
        headers = {"accept": "application/json, text/event-stream"}
        if self.api_key is not None:
            headers["authorization"] = f"Bearer {self.api_key}"
        # The address that other clients of the endpoint take means the same service.
        root = self.base_url.rstrip("/").removesuffix("/v1")
        return {"base_url": root, "timeout": self.timeout_s, "headers": headers}

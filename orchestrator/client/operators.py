"""How clients of operators ask: one request, its answer, and refusals as our errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.client.failures import failure, translated
from orchestrator.client.settings import DEFAULT_URL, Settings

if TYPE_CHECKING:
    import httpx


class OperatorClient:
    """Asks a service for what its operators may know; it holds no connection between requests.

    Args:
        base_url: root of the service, without `/v1`.
        api_key: an admin key, where the service asks for one.
        timeout_s: longest silence of the service, seconds.
        transport: how requests travel; the network by default.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = Settings(base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._transport = transport

    def _asked(
        self,
        method: Literal["GET", "POST", "PATCH", "DELETE"],
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
    ) -> bytes:
        import httpx  # here, since it takes longer to import than all of the SDK

        settings = self._settings.for_httpx()
        with (
            translated(self._settings.base_url),
            httpx.Client(transport=self._transport, **settings) as http,
        ):
            response = http.request(method, path, json=body, params=params)
        if not response.is_success:
            raise failure(response.content, status=response.status_code, headers=response.headers)
        return response.content

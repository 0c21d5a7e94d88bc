"""Asks a running service for the decision records it keeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orchestrator.client.failures import UnexpectedReplyError, failure, translated
from orchestrator.client.settings import DEFAULT_URL, Settings

if TYPE_CHECKING:
    import httpx

#: What the service tells at once.
MAX_RECORDS = 1000


def recent_decisions(
    url: str = DEFAULT_URL,
    *,
    limit: int = MAX_RECORDS,
    timeout_s: float = 60.0,
    transport: httpx.BaseTransport | None = None,
) -> list[dict[str, Any]]:
    """The newest records of a service on this machine, newest first, as it tells them.

    Args:
        url: root of the service.
        limit: most records.
        timeout_s: longest silence of the service, seconds.
        transport: how requests travel; the network by default.

    Raises:
        OrchestratorError: the service cannot be asked, or refuses.
    """
    import httpx  # here, since it takes longer to import than all of the SDK

    settings = Settings(base_url=url, timeout_s=timeout_s)
    with translated(url), httpx.Client(transport=transport, **settings.for_httpx()) as http:
        response = http.get("/admin/decisions", params={"limit": limit})
    if not response.is_success:
        raise failure(response.content, status=response.status_code, headers=response.headers)
    try:
        data = json.loads(response.content)["data"]
    except (ValueError, KeyError, TypeError) as exc:
        raise UnexpectedReplyError(f"{url} does not tell its decisions as a list: {exc}") from exc
    return list(data)

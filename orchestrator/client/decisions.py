"""The decision records that a service keeps, as it tells them."""

from __future__ import annotations

from typing import Any

from orchestrator.client.wire_form import Wire

#: What the service tells at once.
MAX_RECORDS = 1000


class DecisionList(Wire):
    """Records, newest first; what stands in one is the service's to say."""

    data: tuple[dict[str, Any], ...]

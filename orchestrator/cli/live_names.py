"""Names that a running service knows, as a shell completes them: soon, or not at all."""

from __future__ import annotations

import http.client
import json
import os
import threading
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import typer

from orchestrator.cli.expert_ids import known_ids
from orchestrator.cli.service_key import caller_key, operator_key
from orchestrator.client.settings import DEFAULT_URL

#: Who presses a key does not wait longer, seconds.
_PATIENCE_S = 0.3
_MAX_BYTES = 4_000_000


def model_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Experts and compositions: those of the service, else what the registry file names."""
    found = _named(ctx, "/v1/models", key=caller_key(), rows="data", name="id")
    return _beginning(found, incomplete) or known_ids(ctx, incomplete)


def batch_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of the newest batches."""
    key = ctx.params.get("api_key") or os.environ.get("ORCHESTRATOR_API_KEY")
    return _beginning(_named(ctx, "/v1/batches?limit=100", key=key, rows="data"), incomplete)


def key_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of keys."""
    found = _named(ctx, "/admin/keys", key=operator_key(), rows="data")
    return _beginning(found, incomplete)


def slot_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of slots."""
    found = _named(ctx, "/admin/residency", key=operator_key(), rows="slots", name="name")
    return _beginning(found, incomplete)


def parts(ctx: typer.Context, incomplete: str) -> list[str]:
    """What can be restarted."""
    return [*_beginning(["gateways", "workers"], incomplete), *slot_names(ctx, incomplete)]


def _beginning(names: list[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _named(
    ctx: typer.Context, path: str, *, key: str | None, rows: str, name: str = "id"
) -> list[str]:
    url = ctx.params.get("url") or os.environ.get("ORCHESTRATOR_URL") or DEFAULT_URL
    found: list[str] = []

    def ask() -> None:
        body = _body(str(url), path, key)
        listed = body.get(rows) if isinstance(body, dict) else None
        read = [row.get(name) for row in listed or () if isinstance(row, dict)]
        found.extend(one for one in read if isinstance(one, str))

    # A thread, since the limit of a socket is for each read: who answers by drops has none.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    return list(found)


def _body(url: str, path: str, key: str | None) -> Any:
    try:
        root = urlsplit(url)
        is_secure = root.scheme == "https"
        kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
        asked = kind(root.hostname or "", root.port, timeout=_PATIENCE_S)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        with closing(asked):
            asked.request("GET", root.path.rstrip("/") + path, headers=headers)
            with asked.getresponse() as answer:
                return json.loads(answer.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError, http.client.HTTPException):
        return None

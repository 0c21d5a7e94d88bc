"""Questions about slots and wishes for experts, built once for both clients."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote, urlencode

from orchestrator.client.calls import Outgoing

WishKind = Literal["load", "unload", "pin", "unpin"]


def residency_call() -> Outgoing:
    """Ask what every slot does."""
    return Outgoing(method="GET", path="/admin/residency", repeats="wanted")


def wish_call(
    kind: WishKind,
    expert: str,
    *,
    slot: str | None = None,
    wait: bool = True,
    timeout_s: float | None = None,
) -> Outgoing:
    """Have an expert loaded, unloaded, pinned or unpinned."""
    asked = {"wait": "true" if wait else "false"}
    if slot is not None:
        asked["slot"] = slot
    path = f"/admin/experts/{quote(expert, safe='')}/{kind}?{urlencode(asked)}"
    return Outgoing(method="POST", path=path, timeout_s=timeout_s)

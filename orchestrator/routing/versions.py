"""Versions of routers that are made of their entry and of other routers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from orchestrator.registry.router_entry import RouterEntry
from routers.base import Router


def version_of(entry: RouterEntry, inner: Mapping[str, Router]) -> str:
    """12 hex digits over what an entry says and the versions of the routers it names."""
    parts = [entry.model_dump_json(), *(f"{name}={one.version}" for name, one in inner.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

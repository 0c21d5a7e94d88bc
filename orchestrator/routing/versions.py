"""Versions of routers that are made of their entry and of other routers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from orchestrator.registry.router_entry import RouterEntry
from routers.base import Router, as_fitted


def version_of(entry: RouterEntry, inner: Mapping[str, Router]) -> str:
    """12 hex digits over what an entry says and what the routers it names were fitted to be.

    What these hear from callers changes between two builds: each replica has the same digits.
    """
    parts = [
        entry.model_dump_json(),
        *(f"{name}={as_fitted(one.version)}" for name, one in inner.items()),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

"""Which key the commands send that ask a running service."""

from __future__ import annotations

import os

#: The operator's, and a caller's.
ADMIN_KEY = "ORCHESTRATOR_ADMIN_KEY"
API_KEY = "ORCHESTRATOR_API_KEY"


def operator_key() -> str | None:
    """The admin key of the environment, else a caller's; no option: those are seen by everybody."""
    return os.environ.get(ADMIN_KEY) or os.environ.get(API_KEY) or None


def caller_key() -> str | None:
    """The caller's key of the environment, else the admin key."""
    return os.environ.get(API_KEY) or os.environ.get(ADMIN_KEY) or None

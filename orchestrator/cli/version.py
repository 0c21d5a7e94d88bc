"""`orchestrator version`."""

from __future__ import annotations

import orchestrator
from orchestrator.cli.telling import AsJson, tell


def version(as_json: AsJson = False) -> None:
    """Print the version."""
    tell(orchestrator.__version__, as_json=as_json, version=orchestrator.__version__)

"""Ids of experts as arguments, completed from the registry file at hand."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer

#: As people write entries: read without a parser of YAML, which takes longer than a key press.
_ID = re.compile(r"^\s*-\s+(?:\{\s*)?id:\s*[\"']?([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
_MAX_BYTES = 4_000_000


def known_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of the registry file that begin like this; none where it cannot be read."""
    given: Any = ctx.params.get("registry") or os.environ.get("ORCHESTRATOR_REGISTRY")
    try:
        with Path(given or "experts.yaml").open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return []
    return [id_ for id_ in dict.fromkeys(_ID.findall(text)) if id_.startswith(incomplete)]


ExpertId = Annotated[str, typer.Argument(help="Id of the expert.", autocompletion=known_ids)]

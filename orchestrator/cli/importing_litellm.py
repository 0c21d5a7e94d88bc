"""`orchestrator import litellm FILE`."""

from __future__ import annotations

import os

from orchestrator.cli.importing_output import AsJson, File, content_of, show
from orchestrator.moving.litellm import from_litellm


def importing_litellm(file: File, as_json: AsJson = False) -> None:
    """Print a registry made of a LiteLLM proxy's configuration, and say what is not in it."""
    show(from_litellm(content_of(file), environ=os.environ), file=file, as_json=as_json)

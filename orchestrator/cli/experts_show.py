"""`orchestrator experts show ID`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import typer

from orchestrator.cli.expert_ids import ExpertId
from orchestrator.cli.experts_list import OfService, of_file, of_service
from orchestrator.cli.file_edits import (
    DEFAULT_FILE,
    AsJson,
    RegistryFile,
    references_to,
)
from orchestrator.cli.text_files import text_of
from orchestrator.errors import SetupError
from orchestrator.registry.expert_text import inline_text
from orchestrator.registry.faults import dotted, listed


def experts_show(
    expert: ExpertId,
    registry: RegistryFile = DEFAULT_FILE,
    url: OfService = None,
    as_json: AsJson = False,
) -> None:
    """Show one expert with its defaults filled in, and what in the file names it."""
    found = _one(expert, of_file(registry) if url is None else of_service(url))
    if url is None:
        named = references_to(text_of(registry), expert)
        found["named_by"] = [dotted(one.path) for one in named]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for key, value in found.items():
        if value not in (None, [], {}):
            typer.echo(f"{key}: {inline_text(value)}")


def _one(expert_id: str, experts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    for one in experts:
        if one["id"] == expert_id:
            return dict(one)
    raise SetupError(f"no expert {expert_id!r}; known: {listed(one['id'] for one in experts)}")

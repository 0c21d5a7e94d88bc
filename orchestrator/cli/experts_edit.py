"""`orchestrator experts edit ID KEY=VALUE...`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.expert_ids import ExpertId
from orchestrator.cli.file_edits import (
    DEFAULT_FILE,
    AsJson,
    DryRun,
    RegistryFile,
    Values,
    assignments,
    carry_out,
    require_expert,
)
from orchestrator.cli.text_files import text_of
from orchestrator.registry.text_edits import with_value, without_value

Unset = Annotated[
    list[str] | None, typer.Option(help="Key to take out: back to its default; again for each.")
]


def experts_edit(
    expert: ExpertId,
    values: Values = None,
    unset: Unset = None,
    registry: RegistryFile = DEFAULT_FILE,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change values of an expert in a registry file; its comments and its place stay."""
    given = assignments(values)
    if not given and not unset:
        raise typer.BadParameter("name what to change: KEY=VALUE, or --unset KEY")
    if any(key == ["id"] for key, _ in given) or "id" in (unset or ()):
        raise typer.BadParameter("an id stays: add another expert, and remove this one")
    before, file = text_of(registry), str(registry)
    require_expert(before, expert, file=file)
    after = before
    for key, value in given:
        after = with_value(after, expert, key, value, file=file)
    for name in unset or ():
        after = without_value(after, expert, name.split("."), file=file)
    carry_out(registry, before, after, dry_run=dry_run, as_json=as_json)

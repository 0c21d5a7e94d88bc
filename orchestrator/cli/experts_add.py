"""`orchestrator experts add ID KEY=VALUE...`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.file_edits import (
    DEFAULT_FILE,
    AsJson,
    DryRun,
    RegistryFile,
    Values,
    assignments,
    carry_out,
    ids_of,
)
from orchestrator.cli.text_files import text_of
from orchestrator.errors import RegistryError
from orchestrator.registry.expert_text import with_entry
from orchestrator.registry.models import Expert
from orchestrator.registry.text_edits import with_value


def experts_add(
    expert: Annotated[str, typer.Argument(help="Its id, which callers use.")],
    values: Values = None,
    registry: RegistryFile = DEFAULT_FILE,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add an expert behind the last one of a registry file."""
    given = assignments(values)
    before, file = text_of(registry), str(registry)
    if expert in ids_of(before):
        raise RegistryError(
            f"{file}: there is an expert {expert!r} already: `orchestrator experts edit`"
        )
    # Key by key as edits would have it; what is missing or wrong is found before it is written.
    after = with_entry(before, Expert.model_construct(id=expert), file=file)
    for key, value in given:
        after = with_value(after, expert, key, value, file=file)
    carry_out(registry, before, after, dry_run=dry_run, as_json=as_json)

"""`orchestrator experts remove ID`."""

from __future__ import annotations

from orchestrator.cli.expert_ids import ExpertId
from orchestrator.cli.file_edits import (
    DEFAULT_FILE,
    AsJson,
    DryRun,
    RegistryFile,
    carry_out,
    references_to,
    require_expert,
)
from orchestrator.cli.text_files import text_of
from orchestrator.errors import RegistryError
from orchestrator.registry.faults import dotted, listed
from orchestrator.registry.text_edits import without_expert


def experts_remove(
    expert: ExpertId,
    registry: RegistryFile = DEFAULT_FILE,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take an expert out of a registry file; one that something names stays."""
    before, file = text_of(registry), str(registry)
    require_expert(before, expert, file=file)
    if named := references_to(before, expert):
        places = listed(dotted(one.path) for one in named)
        raise RegistryError(
            f"{file} was left as it is: expert {expert!r} is named by {places}; name another "
            "there first"
        )
    after = without_expert(before, expert, file=file)
    carry_out(registry, before, after, dry_run=dry_run, as_json=as_json)

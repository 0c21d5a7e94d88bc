"""Prompts that a composition names: a role it gives, a file that can be used."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import PromptError
from orchestrator.prompts.catalogue import loaded
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, shown
from orchestrator.registry.surroundings import Surroundings


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Prompts that nobody would be asked by, and files that cannot be used."""
    for name, composition in draft.compositions.items():
        for role, file in composition.prompts.items():
            path = ("compositions", name, "prompts", role)
            if role not in composition.roles:
                yield Finding(
                    path=path,
                    reason=f"kind {composition.kind!r} asks nobody as {role!r}",
                    allowed=composition.roles,
                    is_about_key=True,
                )
                continue
            try:
                loaded(where.file_at(file), role)
            except PromptError as exc:
                reason = f"cannot be used: {exc}; start from `orchestrator prompts {role}`"
                yield Finding(path=path, value=shown(file), reason=reason)

"""Skill routers that cannot be meant, and their artifacts against the registry."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.router_skill import SkillRouter
from orchestrator.registry.surroundings import Surroundings

_MANIFEST = "manifest.json"


class _Skills(BaseModel):
    """What is read of a skill router's manifest, without what it takes to serve it."""

    model_config = ConfigDict(extra="ignore")

    kind: str = "skill"
    experts: tuple[str, ...] = ()
    aggregator: str | None = None
    dims: dict[str, Any] = {}


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Everything wrong with the skill routers of a registry but what is wrong with any router."""
    ids = frozenset(draft.expert_ids.values())
    for name, router in draft.routers.items():
        if isinstance(router, SkillRouter):
            yield from _of_rule(router, ("routers", name))
            manifest = _read(router, where)
            if manifest is not None:
                yield from _of_embedder(router, manifest, ("routers", name))
                yield from _of_experts(router, manifest, ("routers", name), ids)


def _of_rule(router: SkillRouter, path: KeyPath) -> Iterator[Finding]:
    if router.probability is not None and router.mode != "top_k":
        yield Finding(
            path=(*path, "probability"),
            value=shown(router.probability),
            reason=f"is for mode 'top_k'; mode {router.mode!r} draws k experts, whatever they are",
        )


def _of_embedder(router: SkillRouter, manifest: _Skills, path: KeyPath) -> Iterator[Finding]:
    if manifest.dims and router.embedder not in manifest.dims:
        yield Finding(
            path=(*path, "embedder"),
            value=shown(router.embedder),
            reason="is not an embedder that the artifact was fitted with",
            allowed=tuple(sorted(manifest.dims)),
        )


def _of_experts(
    router: SkillRouter, manifest: _Skills, path: KeyPath, ids: Collection[str]
) -> Iterator[Finding]:
    """A fault where nobody that was measured is left; a warning where somebody is gone."""
    gone = [name for name in (*manifest.experts, manifest.aggregator) if name and name not in ids]
    gone = list(dict.fromkeys(gone))
    if not gone:
        return
    left = [name for name in manifest.experts if name in ids]
    told = f"was fitted for experts {gone}, which this registry does not have"
    yield Finding(
        path=(*path, "artifact"),
        value=shown(router.artifact),
        reason=f"{told}; its skills go to {left}"
        if left
        else f"{told}, and nobody that was measured is left: put them back, or write the artifact "
        "again with `orchestrator fit skill`",
        is_warning=bool(left),
    )


def _read(router: SkillRouter, where: Surroundings) -> _Skills | None:
    """Its manifest; `None` where `fitted` or `artifacts` says what is wrong with it."""
    folder = where.folder_at(router.artifact)
    if folder is None:
        return None
    try:
        found = _Skills.model_validate(json.loads((folder / _MANIFEST).read_bytes()))
    except (OSError, ValueError, ValidationError):
        return None
    return found if found.kind == "skill" else None

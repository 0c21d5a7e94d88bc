"""What fitted folders say of themselves, against the registry that names them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.registry.compositions import CompositionSpec
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.routers import CategoryRouter, RouterSpec
from orchestrator.registry.surroundings import Surroundings, has

MANIFEST = "manifest.json"


class _Category(BaseModel):
    """What is read of a category router's manifest, without what it takes to serve it."""

    model_config = ConfigDict(extra="ignore")

    expert_by_category: dict[str, str] = {}
    #: Those measured on it, the best first; older artifacts do not say.
    experts_by_category: dict[str, tuple[str, ...]] = {}
    heads: dict[str, Any] = {}


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Artifacts of another kind, and experts in them that the registry does not have."""
    ids = frozenset(draft.expert_ids.values())
    for path, entry in draft.fitted:
        for key, artifact in entry.folders():
            yield from _of_entry(entry, artifact, (*path, *key), where, ids)


def _of_entry(
    entry: RouterSpec | CompositionSpec,
    artifact: str,
    path: KeyPath,
    where: Surroundings,
    ids: Collection[str],
) -> Iterator[Finding]:
    folder = where.folder_at(artifact)
    if folder is None or not has(folder, MANIFEST):
        return  # `artifacts` says so
    manifest = read_manifest(folder)
    if manifest is None:
        yield _finding(path, artifact, f"has a {MANIFEST} that is no JSON object", entry.kind)
    elif (kind := manifest.get("kind", entry.kind)) != entry.kind:
        fitted_for = "compositions" if kind == "cascade" else "routers"
        why = f"was fitted for {fitted_for} of kind {kind!r}"
        yield _finding(path, artifact, why, entry.kind)
    elif isinstance(entry, CategoryRouter):
        yield from _of_category(entry, manifest, path, ids)


def _of_category(
    router: CategoryRouter, manifest: dict[str, Any], path: KeyPath, ids: Collection[str]
) -> Iterator[Finding]:
    try:
        read = _Category.model_validate(manifest)
    except ValidationError as exc:
        first = exc.errors()[0]
        why = f"has a bad {MANIFEST}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        yield _finding(path, router.artifact, why, router.kind)
        return
    if read.heads and router.embedder not in read.heads:
        yield Finding(
            path=(*path[:-1], "embedder"),
            value=shown(router.embedder),
            reason="is not an embedder that the artifact was fitted with",
            allowed=tuple(sorted(read.heads)),
        )
    yield from _gone(router, read, path, ids)


def _gone(
    router: CategoryRouter, read: _Category, path: KeyPath, ids: Collection[str]
) -> Iterator[Finding]:
    """One finding for each expert that is gone; a fault where nobody else was measured."""
    categories: dict[str, list[str]] = defaultdict(list)
    for category, expert in read.expert_by_category.items():
        if expert not in ids:
            categories[expert].append(category)
    for expert, its in categories.items():
        next_by_category = {
            category: next(
                (one for one in read.experts_by_category.get(category, ()) if one in ids), None
            )
            for category in its
        }
        bare = [category for category, one in next_by_category.items() if one is None]
        told = f"sends {_names(its)} to expert {expert!r}, which this registry does not have"
        if bare and router.uncovered == "refuse":
            yield Finding(
                path=path,
                value=shown(router.artifact),
                reason=f"{told}, and nobody who was measured on {_names(bare)} is left: put the "
                "expert back, write the artifact again with `orchestrator fit category`, or say "
                f"`uncovered: fallback` to have {router.fallback!r} answer",
            )
        else:
            instead = sorted({one or router.fallback for one in next_by_category.values()})
            yield Finding(
                path=path,
                value=shown(router.artifact),
                reason=f"{told}; {' and '.join(map(repr, instead))} will answer",
                is_warning=True,
            )


def _names(categories: list[str]) -> str:
    shown_names = ", ".join(map(repr, categories[:3]))
    more = len(categories) - 3
    return f"{shown_names} and {more} more" if more > 0 else shown_names


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What a fitted folder says of itself; `None` where that is no JSON object."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _finding(path: KeyPath, artifact: str, why: str, kind: str) -> Finding:
    reason = f"{why}; write it with `orchestrator fit {kind}`"
    return Finding(path=path, value=shown(artifact), reason=reason)

"""Routers that go by recorded answers, against the registry that names them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from typing import Any

from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.fitted import MANIFEST, read_manifest
from orchestrator.registry.router_answered import BlendRouter, NeighboursRouter
from orchestrator.registry.router_skill import SkillRouter
from orchestrator.registry.routers import CategoryRouter
from orchestrator.registry.surroundings import Surroundings, has


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Blends that cannot be meant, and artifacts that are about others than the registry has."""
    ids = frozenset(draft.expert_ids.values())
    for name, router in draft.routers.items():
        path: KeyPath = ("routers", name)
        if isinstance(router, BlendRouter):
            yield from _of_blend(router, path)
            weighed = _manifest(router.artifact, where).get("members")
            if isinstance(weighed, dict):
                yield from _of_weights(router, weighed, path)
                yield from _of_members(router, weighed, path, _versions(draft, router, where))
        elif isinstance(router, NeighboursRouter):
            yield from _of_neighbours(router, _manifest(router.artifact, where), path, ids)


def _manifest(artifact: str | None, where: Surroundings) -> dict[str, Any]:
    """What the artifact says of itself; nothing where others say why it cannot be read."""
    folder = where.folder_at(artifact) if artifact is not None else None
    return (read_manifest(folder) or {}) if folder is not None else {}


def _versions(draft: Draft, router: BlendRouter, where: Surroundings) -> dict[str, str]:
    """What its routers were fitted to be, of those that are one artifact of their own."""
    found = {}
    for name in router.routers:
        member = draft.routers.get(name)
        if isinstance(member, CategoryRouter | SkillRouter | NeighboursRouter):
            folder = where.folder_at(member.artifact)
            if folder is not None and has(folder, MANIFEST):
                found[name] = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:12]
    return found


def _of_weights(router: BlendRouter, weighed: dict[str, Any], path: KeyPath) -> Iterator[Finding]:
    if set(weighed) != set(router.routers):
        reason = (
            f"weighs {sorted(weighed)}, but `routers` has {sorted(router.routers)}; write it again "
            "with `orchestrator fit blend`"
        )
        yield Finding(path=(*path, "artifact"), value=shown(router.artifact), reason=reason)


def _of_members(
    router: BlendRouter, weighed: dict[str, Any], path: KeyPath, versions: dict[str, str]
) -> Iterator[Finding]:
    for name, version in versions.items():
        part = weighed.get(name)
        fitted = part.get("version") if isinstance(part, dict) else None
        if fitted not in (None, version):
            reason = (
                f"was fitted on {name!r} of version {fitted!r}, it is now {version!r}; write it "
                "again with `orchestrator fit blend`"
            )
            yield Finding(path=(*path, "artifact"), value=shown(router.artifact), reason=reason)


def _of_neighbours(
    router: NeighboursRouter, manifest: dict[str, Any], path: KeyPath, ids: Collection[str]
) -> Iterator[Finding]:
    fitted = manifest.get("embedder", router.embedder)
    if fitted != router.embedder:
        yield Finding(
            path=(*path, "embedder"),
            value=shown(router.embedder),
            reason=f"is not the embedder that the artifact was fitted with: {fitted!r}",
        )
    asked = manifest.get("experts")
    if not isinstance(asked, list) or not (gone := [one for one in asked if one not in ids]):
        return
    at, value = (*path, "artifact"), shown(router.artifact)
    if len(gone) == len(asked):
        reason = (
            f"was fitted on answers of {gone}, none of which this registry has; write it again "
            "with `orchestrator fit neighbours`"
        )
        yield Finding(path=at, value=value, reason=reason)
    else:
        reason = f"knows experts {gone}, which this registry does not have; the others answer"
        yield Finding(path=at, value=value, reason=reason, is_warning=True)


def _of_blend(router: BlendRouter, path: KeyPath) -> Iterator[Finding]:
    for number, named in enumerate(router.routers):
        if named in router.routers[:number]:
            yield Finding(
                path=(*path, "routers", number),
                value=shown(named),
                reason="is named already; name each once",
            )
    if router.artifact is not None and router.weights is not None:
        reason = "stands beside `artifact`, which brings fitted weights; keep one of the two"
        yield Finding(path=(*path, "weights"), reason=reason)
    if router.artifact is None and router.weights is None:
        reason = (
            "has neither `artifact`, written by `orchestrator fit blend`, nor `weights`; give one"
        )
        yield Finding(path=path, reason=reason)
    if router.weights is not None and set(router.weights) != set(router.routers):
        reason = f"weighs {sorted(router.weights)}, but its routers are {sorted(router.routers)}"
        yield Finding(path=(*path, "weights"), reason=reason)

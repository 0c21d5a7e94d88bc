"""Blends that cannot be meant: routers or weights that do not fit one another."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.router_answered import BlendRouter


def findings(draft: Draft) -> Iterator[Finding]:
    """Everything wrong with the blends of a registry."""
    for name, router in draft.routers.items():
        if isinstance(router, BlendRouter):
            yield from _of_router(router, ("routers", name))


def _of_router(router: BlendRouter, path: KeyPath) -> Iterator[Finding]:
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

"""Builds the routers that go by recorded answers."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.registry.router_answered import BlendRouter, NeighboursRouter, RecallRouter
from routers.base import Router


def neighbours_router(spec: NeighboursRouter, _: Mapping[str, Router]) -> Router:
    """The router of a folder of known questions."""
    from routers.neighbour_files import load_neighbours

    return load_neighbours(spec.artifact, embedder=spec.embedder, fallback=spec.fallback)


def blend_router(spec: BlendRouter, inner: Mapping[str, Router]) -> Router:
    """The routers together, with fitted or with given weights."""
    from routers.blend import plain_blend
    from routers.blend_files import load_blend

    if spec.artifact is not None:
        return load_blend(spec.artifact, inner)
    return plain_blend(inner, spec.weights or {})


def recall_router(spec: RecallRouter, inner: Mapping[str, Router]) -> Router:
    """Known answers in front of another router."""
    from routers.recall_files import load_recall

    return load_recall(spec.artifact, then=inner[spec.then])

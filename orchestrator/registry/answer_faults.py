"""Compositions that compare answers by meaning, and routers that could not read them."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.registry.composition_answers import AnswersEntry
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, shown
from orchestrator.registry.routers import RouterSpec

#: Kinds that read prompts by an embedding of their own.
_EMBEDDING = ("category", "neighbours", "skill")


def findings(draft: Draft) -> Iterator[Finding]:
    """Routers whose embedding is none, or too slow for every answer of a vote."""
    able = tuple(name for name, router in draft.routers.items() if _why_not(router) is None)
    for name, composition in draft.compositions.items():
        if not isinstance(composition, AnswersEntry) or composition.answers != "meaning":
            continue
        router_id = composition.embedder or composition.router
        router = draft.routers.get(router_id)
        if router is None or (reason := _why_not(router)) is None:
            continue  # a name that is not there is the references' to tell
        key = "router" if composition.embedder is None else "embedder"
        yield Finding(
            path=("compositions", name, key),
            value=shown(router_id),
            reason=f"{reason}, so answers cannot be compared by meaning; name one in `embedder`",
            allowed=able,
        )


def _why_not(router: RouterSpec) -> str | None:
    if router.kind not in _EMBEDDING:
        return f"is of kind {router.kind!r}, which has no embedding"
    if getattr(router, "embedder", "static") != "static":
        return "reads with MiniLM, which takes 20 ms an answer"
    return None

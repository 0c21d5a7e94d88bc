"""Experts that embed: what makes no sense for them, and where they cannot stand."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.models import Expert, ExpertDefaults

#: Keys of an engine that only generation knows.
_GENERATING = ("tool_parser", "reasoning_parser", "max_loras")


def findings(draft: Draft) -> Iterator[Finding]:
    """Settings that an embedding expert would ignore, and entries that would have one answer."""
    embedders = {at: expert for at, expert in draft.experts.items() if expert.embeds}
    for at, expert in embedders.items():
        yield from _ignored(expert, ("experts", at))
    names = {expert.id for expert in embedders.values()}
    able = tuple(sorted(set(draft.expert_ids.values()) - names))
    for path, expert_id in _asked(draft):
        if expert_id in names:
            yield Finding(
                path=path,
                value=shown(expert_id),
                reason="embeds (engine.task) and cannot answer; name an expert that generates",
                allowed=able,
            )


def _asked(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    """Where an expert is named that is to answer."""
    for name, router in draft.routers.items():
        for key, expert_id in router.named_experts():
            yield ("routers", name, *key), expert_id
    for name, composition in draft.compositions.items():
        for key, expert_id in composition.asked_models():
            yield ("compositions", name, *key), expert_id


def _ignored(expert: Expert, path: KeyPath) -> Iterator[Finding]:
    reason = f"would be ignored: expert {expert.id!r} embeds (engine.task); remove the key"
    for key in _GENERATING:
        value = getattr(expert.engine, key, None)
        if value is not None:
            yield Finding(path=(*path, "engine", key), value=shown(value), reason=reason)
    if expert.defaults != ExpertDefaults():
        yield Finding(path=(*path, "defaults"), reason=reason)

"""Experts that are an adapter on another expert, their base: what they may say.

An adapter has no weights and no engine of its own: `surroundings.resolved` gives it its base's.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import WeightsError
from orchestrator.registry.draft import Draft
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.lora import CONFIG, Adapter, check_adapts, read_adapter, roomy_rank
from orchestrator.registry.models import Expert
from orchestrator.registry.surroundings import Surroundings, has
from orchestrator.registry.weights import read_checkpoint

#: Keys of an expert with weights of its own -> why an adapter has none.
_OF_BASE = {
    "model": "the weights are those of `base`",
    "engine": "it shares the engine of `base`",
    "variants": "variants are of weights; list them at `base`",
}


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Everything wrong with adapters: their keys, their bases, their files."""
    by_id = {expert.id: (at, expert) for at, expert in draft.experts.items()}
    for at, expert in draft.experts.items():
        path: KeyPath = ("experts", at)
        yield from _own_keys(expert, path)
        base_at, base = by_id.get(expert.base or "", (None, None))
        if base is not None and base_at is not None and base is not expert:
            yield from _base_findings(expert, base, (*path, "base"), base_at=base_at)
        yield from _file_findings(expert, base, (*path, "adapter"), where)


def _own_keys(expert: Expert, path: KeyPath) -> Iterator[Finding]:
    if (expert.base is None) != (expert.adapter is None):
        missing, given = ("base", "adapter") if expert.base is None else ("adapter", "base")
        reason = (
            f"the key {missing!r} is missing: expert {expert.id!r} has {given!r}; "
            "an adapter needs both"
        )
        yield Finding(path=(*path, missing), reason=reason)
    if not expert.is_adapter:
        return
    for key, why in _OF_BASE.items():
        if key in expert.model_fields_set:
            reason = f"{key!r} is not for an adapter: {why}; remove the key"
            yield Finding(path=(*path, key), reason=reason, is_about_key=True)


def _base_findings(
    expert: Expert, base: Expert, path: KeyPath, *, base_at: int
) -> Iterator[Finding]:
    named = shown(base.id)
    if base.is_adapter:
        if base.base != expert.id:  # the cycle is told by `references`
            reason = f"is an adapter itself, on {base.base!r}; adapters do not stack"
            yield Finding(path=path, value=named, reason=reason)
    elif not isinstance(base.engine, VllmEngine):
        reason = f"runs on engine {base.engine.kind!r}; only an expert on vLLM takes adapters"
        yield Finding(path=path, value=named, reason=reason)
    elif base.engine.max_loras is None:
        reason = (
            f"takes no adapters: write `max_loras: 2`, as many as are to be ready at once, "
            f"into experts[{base_at}].engine"
        )
        yield Finding(path=path, value=named, reason=reason)


def _file_findings(
    expert: Expert, base: Expert | None, path: KeyPath, where: Surroundings
) -> Iterator[Finding]:
    adapter = expert.adapter
    folder = where.model_folder(adapter, expert.revision) if adapter is not None else None
    if adapter is None or folder is None:
        return  # `origins` says so
    if not has(folder, CONFIG):
        reason = f"has no {CONFIG}; is it an adapter's folder?"
        yield Finding(path=path, value=shown(adapter), reason=reason)
    else:
        try:
            found = read_adapter(folder)
            if base is not None:
                _check_rank(found, base)
                _check_form(found, base, where)
        except WeightsError as exc:
            yield Finding(path=path, value=shown(adapter), reason=f"cannot be used: {exc}")


def _check_rank(adapter: Adapter, base: Expert) -> None:
    limit = base.engine.args.get("max_lora_rank") if isinstance(base.engine, VllmEngine) else None
    if isinstance(limit, int) and adapter.rank > limit:
        raise WeightsError(
            f"it has rank {adapter.rank} and engine.args of expert {base.id!r} limit it to "
            f"max_lora_rank {limit}; leave that out to have the engine make room"
        )
    roomy_rank(adapter.rank)


def _check_form(adapter: Adapter, base: Expert, where: Surroundings) -> None:
    """Raise `WeightsError` where the base's weights are at hand and sound, and do not fit."""
    folder = where.model_folder(base.model, base.revision) if base.model is not None else None
    if folder is None:
        return
    try:
        checkpoint = read_checkpoint(folder)
    except WeightsError:
        return  # said at the base
    check_adapts(adapter, checkpoint)

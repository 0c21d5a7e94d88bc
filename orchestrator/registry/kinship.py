"""Checkpoints of one configuration that do not hold the same tensors: one of them is not whole.

Such an expert is no sibling of the others, so it would ask for an engine of its own, which then
does not start. The missing tensor is the better thing to tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from orchestrator.errors import WeightsError
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, shown
from orchestrator.registry.models import Expert
from orchestrator.registry.surroundings import Surroundings
from orchestrator.registry.weights import Stamp, read_checkpoint, stamp, weights_at

_NAMES = frozenset({"_name_or_path", "name_or_path", "model_name", "finetuning_task"})
_NOTES = frozenset({"dtype", "torch_dtype", "transformers_version", "vllm_version"})
#: What a model with tied embeddings need not have twice.
_TIED = ("lm_head.weight", "embed_tokens.weight")

_Member = tuple[int, Expert, Path]


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Experts whose weights lack a tensor that others of their configuration have."""
    families: dict[str, list[_Member]] = {}
    for at, expert in draft.hosted.items():
        folder = where.model_folder(expert.model, expert.revision) if expert.model else None
        family = _family_of(folder) if folder is not None else None
        if folder is not None and family is not None:
            families.setdefault(family, []).append((at, expert, folder))
    for members in families.values():
        if len({weights_at(folder).names for _, _, folder in members}) > 1:
            yield from _incomplete(members)


def comparable_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A `config.json` less what may differ between siblings: names, token ids, notes, versions."""
    return {
        key: comparable_config(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key not in _NAMES | _NOTES and not key.endswith("_token_id")
    }


def _family_of(folder: Path) -> str | None:
    """What is equal between siblings' configurations; `None` of a model that is at fault."""
    try:
        weights_at(folder)
        return _family(folder, stamp(folder))
    except WeightsError:
        return None  # `artifacts` says so


@lru_cache(maxsize=16_384)
def _family(folder: Path, _stamp: Stamp) -> str | None:
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(config, dict) or not config.get("model_type"):
        return None  # too little to tell models apart by
    return json.dumps(comparable_config(config), sort_keys=True)


def _incomplete(members: list[_Member]) -> Iterator[Finding]:
    tensors = {at: read_checkpoint(folder).tensors.keys() for at, _, folder in members}
    whole_at, whole, _ = max(members, key=lambda member: len(tensors[member[0]]))
    for at, expert, _ in members:
        missing = sorted(tensors[whole_at] - tensors[at])
        lacking = [one for one in missing if one.endswith(".weight") and not one.endswith(_TIED)]
        if lacking and tensors[at] < tensors[whole_at]:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            reason = (
                f"lacks tensor {lacking[0]!r}{more}, which expert {whole.id!r}, of the same "
                "config.json, has: is the file whole?"
            )
            path = ("experts", at, "model")
            yield Finding(path=path, value=shown(expert.model), reason=reason)

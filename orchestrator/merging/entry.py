"""The registry's entry of a merge, as a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.merging.card import describe
from orchestrator.merging.recipe import Recipe
from orchestrator.merging.write import Merged
from orchestrator.registry.models import Expert


def entry_of(recipe: Recipe, merged: Merged, *, registry_folder: Path) -> Expert:
    """The expert that a merge is."""
    experts = [source.expert for source in recipe.sources]
    first = experts[0]
    where = _relative(merged.folder, registry_folder)
    is_adapter = recipe.method == "blend"
    weights: dict[str, Any] = (
        {"base": first.base, "adapter": where}
        if is_adapter
        else {
            "model": where,
            "engine": first.engine,
            "parameters": merged.written.num_parameters,
        }
    )
    return Expert(
        id=recipe.id,
        description=describe(recipe),
        skills=_union(expert.skills for expert in experts),
        tags=_union(expert.tags for expert in experts),
        license=merged.terms.expression,
        owner=first.owner if len({expert.owner for expert in experts}) == 1 else None,
        defaults=first.defaults,
        **weights,
    )


def _union(labels: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for own in labels for label in own))


def _relative(folder: Path, start: Path) -> str:
    folder, start = folder.resolve(), start.resolve()
    return str(folder.relative_to(start) if folder.is_relative_to(start) else folder)

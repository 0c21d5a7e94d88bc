"""Fits the category-to-expert map of a category router on what experts answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import artifacts
from .artifacts import BudgetPart, Manifest, read_artifact
from .base import RouterError
from .budget import BudgetedMap, MapTask
from .datasets import Answered, Example
from .mapping import Quality
from .profiles import count_answers
from .sealed import tensors_blob, write_sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Quality of experts by category, and how much was asked of each."""

    quality: Quality
    #: Shape [n_categories]; questions of each.
    traffic: NDArray[np.float64]
    #: Category that the router lacks -> questions left out.
    strange: Mapping[str, int]
    data_sha256: str


def measured(table: Answered, categories: Sequence[str], *, data_sha256: str) -> Measured:
    """Shrunken accuracy of every expert on every category of a router.

    A question without a category counts for its skill, where it has exactly one.

    Raises:
        RouterError: a category has no question.
    """
    labels = [_label(example) for example in table.examples]
    kept = [row for row, label in enumerate(labels) if label in categories]
    counts = {name: sum(label == name for label in labels) for name in sorted(set(labels))}
    bare = [name for name in categories if name not in counts]
    if bare:
        raise RouterError(
            f"no question is of the categories {bare}; ask some of each, the questions have "
            f"{sorted(counts)}"
        )
    profiles = count_answers(
        table.scores[kept],
        [[labels[row]] for row in kept],
        experts=table.experts,
        data_sha256=data_sha256,
    )
    order = [profiles.skills.index(name) for name in categories]
    accuracy = profiles.accuracy(prior_count=profiles.fitted_prior_count())
    return Measured(
        quality=Quality(
            categories=tuple(categories),
            experts=table.experts,
            table=accuracy[order].astype(np.float32),
        ),
        traffic=np.array([float(counts[name]) for name in categories]),
        strange={name: num for name, num in counts.items() if name not in categories},
        data_sha256=data_sha256,
    )


def write_map(
    router: Path, folder: Path, task: MapTask, found: BudgetedMap, *, data_sha256: str
) -> Manifest:
    """Write the category router of `router` with this map to `folder`; both may be one.

    Only the experts of the map stay in it, so that whoever stands in for an expert that cannot
    answer is one that the budgets allow.

    Raises:
        RouterError: the router cannot be read, or has other categories than the map.
    """
    sealed = read_artifact(router)
    before = sealed.manifest
    if before.categories != task.quality.categories:
        raise sealed.refusal(f"has other categories than the map: {list(task.quality.categories)}")
    blobs = {name: sealed.blob(name) for name in before.files}
    columns = [task.quality.experts.index(name) for name in found.experts]
    kept = replace(task.quality, experts=found.experts, table=task.quality.table[:, columns])
    blobs[artifacts.QUALITY] = tensors_blob({"quality": kept.table})
    part = BudgetPart(
        data_sha256=data_sha256,
        limits=dict(task.budgets),
        spent=dict(found.spent),
        quality=found.quality,
        bound=found.bound,
    )
    changes = {
        "experts": found.experts,
        "expert_by_category": dict(found.expert_by_category),
        "experts_by_category": kept.experts_by_category(),
        "budget": part,
    }
    return write_sealed(folder, before.model_copy(update=changes), blobs=blobs)


def _label(example: Example) -> str:
    if example.category:
        return example.category
    return example.skills[0] if len(example.skills) == 1 else ""

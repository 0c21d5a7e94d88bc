"""Which expert serves which category: measured quality, shrunk where it was measured little.

Source: the category-to-expert map of CoE, arXiv:2412.01868; under budgets it is found by
`routers/budget.py`. With 25 labels a category a plain argmax of the scores loses to the best single
expert; how strongly scores are shrunk is fitted on the scores themselves (`routers/profiles.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from .base import RouterError
from .feedback import Tally
from .profiles import Profiles

#: Questions that a value of `Quality` counts for where feedback is counted beside it: tables say
#: shrunken shares, not how many questions are behind them.
VALUE_COUNT = 20.0


class Score(BaseModel):
    """Questions of one category put to one expert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    right: float = Field(ge=0, description="Right answers; may be fractional.")
    asked: int = Field(ge=1, description="Questions asked.")

    @model_validator(mode="after")
    def _right_is_part_of_asked(self) -> Score:
        if self.right > self.asked:
            raise ValueError(f"right is {self.right}, more than the {self.asked} asked")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Estimated quality of each expert on each category."""

    categories: tuple[str, ...]
    experts: tuple[str, ...]
    #: Shape [n_categories, n_experts], in [0, 1].
    table: NDArray[np.float32]
    #: Category -> expert where another than the best is to serve, such as a map under budgets says.
    assigned: Mapping[str, str] = field(default_factory=dict)

    def corrected(self, tally: Tally) -> Quality:
        """With what callers said beside it, each value counting for `VALUE_COUNT` questions."""
        measured = np.full(self.table.shape, VALUE_COUNT)
        asked, right = tally.table(self.categories, self.experts, measured=measured)
        moved = (self.table * VALUE_COUNT + right) / (VALUE_COUNT + asked)
        return replace(self, table=moved.astype(np.float32))

    def expert_by_category(self) -> dict[str, str]:
        """Who serves each category: as assigned, else the best, the first of equals."""
        best = self.table.argmax(axis=1)
        found = {name: self.experts[i] for name, i in zip(self.categories, best, strict=True)}
        return found | dict(self.assigned)

    def experts_by_category(self) -> dict[str, tuple[str, ...]]:
        """The experts of each category that reach more than nothing, the best first."""
        order = np.argsort(-self.table, axis=1, kind="stable")
        return {
            name: tuple(self.experts[i] for i in order[row] if self.table[row, i] > 0)
            for row, name in enumerate(self.categories)
        }


def namesake_quality(categories: Sequence[str]) -> Quality:
    """Each category served by the expert of its own name: for pools nobody has measured yet."""
    names = tuple(categories)
    return Quality(categories=names, experts=names, table=np.eye(len(names), dtype=np.float32))


def load_quality(path: Path, categories: Sequence[str]) -> Quality:
    """Quality from a JSON file `{expert: {category: {"right": 93, "asked": 100}}}`.

    Raises:
        RouterError: The file is missing, malformed, or leaves a category without any score.
    """
    try:
        scores = TypeAdapter(dict[str, dict[str, Score]]).validate_json(path.read_bytes())
    except (OSError, ValidationError, json.JSONDecodeError) as exc:
        raise RouterError(f"the scores in {str(path)!r} cannot be used: {exc}") from exc
    bare = [name for name in categories if not any(name in row for row in scores.values())]
    if bare:
        raise RouterError(f"{str(path)!r} has no score for categories {bare}; measure them first")
    right, asked = np.zeros((2, len(categories), len(scores)))
    for column, by_category in enumerate(scores.values()):
        for row, category in enumerate(categories):
            if score := by_category.get(category):
                right[row, column], asked[row, column] = score.right, score.asked
    profiles = Profiles(
        experts=tuple(scores),
        skills=tuple(categories),
        asked=asked,
        right=right,
        asked_overall=asked.sum(axis=0),
        right_overall=right.sum(axis=0),
        sources=dict.fromkeys(scores, (str(path),)),
    )
    table = profiles.accuracy(prior_count=profiles.fitted_prior_count())
    return Quality(
        categories=profiles.skills, experts=profiles.experts, table=table.astype(np.float32)
    )

"""A trial made of labels alone: whoever serves a question's category is right, nobody else is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from .base import RouterError
from .datasets import Answered, Example
from .trial import Trial, trial_of


def labelled_trial(
    examples: Sequence[Example],
    *,
    experts_by_category: Mapping[str, Collection[str]],
    others: Collection[str] = (),
) -> Trial:
    """A trial in which no expert was asked.

    Args:
        examples: questions with a category each.
        experts_by_category: who is right; a category that is not in it is served by its namesake.
        others: experts that may be chosen and are right nowhere, such as the general one.

    Raises:
        RouterError: a question has no category.
    """
    if bare := [example for example in examples if not example.category]:
        raise RouterError(
            f"question {bare[0].id!r} (row {bare[0].row}) has no category and there are no "
            f"outcomes: {len(bare)} of {len(examples)} questions cannot be judged; label them or "
            "give --outcomes"
        )
    right = [
        frozenset(experts_by_category.get(one.category or "", ()) or (one.category or "",))
        for one in examples
    ]
    experts = tuple(sorted(frozenset(others).union(*right, *experts_by_category.values())))
    scores = np.array([[float(name in own) for name in experts] for own in right])
    table = Answered(examples=tuple(examples), experts=experts, scores=scores)
    return trial_of(table, (), tried=range(len(examples)))

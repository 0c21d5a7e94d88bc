"""Questions and what experts made of them: the values that every fit and evaluation is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One question of a dataset."""

    #: Unique in its dataset.
    id: str
    prompt: str
    #: What it asks for; empty where nobody has named it.
    skills: tuple[str, ...] = ()
    category: str | None = None
    #: The right answer, as the dataset writes it.
    gold: str | None = None
    #: Such as train or heldout; empty where the dataset has no splits.
    split: str = ""
    #: Its place in the dataset, from 1.
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One expert's answer to one question."""

    #: Of the example.
    id: str
    expert: str
    #: 0 for wrong to 1 for right.
    score: float
    answer: str | None = None
    #: Tokens generated.
    tokens: int | None = None
    #: From asking to the last token.
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Examples and every expert's score on each."""

    examples: tuple[Example, ...]
    experts: tuple[str, ...]
    #: Shape [n_examples, n_experts], NaN where an expert was not asked.
    scores: NDArray[np.float64]

    def rows(self, numbers: Sequence[int]) -> Answered:
        """Those examples, in this order."""
        return Answered(
            examples=tuple(self.examples[i] for i in numbers),
            experts=self.experts,
            scores=self.scores[list(numbers)],
        )


def answered(examples: Sequence[Example], outcomes: Sequence[Outcome]) -> Answered:
    """Scores as a table; experts in the order of the alphabet, examples as given.

    Outcomes of questions that are not among `examples` are left out: a split asks for its own.
    """
    row_by_id = {example.id: row for row, example in enumerate(examples)}
    kept = [outcome for outcome in outcomes if outcome.id in row_by_id]
    experts = tuple(sorted({outcome.expert for outcome in kept}))
    column = {name: i for i, name in enumerate(experts)}
    scores = np.full((len(examples), len(experts)), np.nan)
    for outcome in kept:
        scores[row_by_id[outcome.id], column[outcome.expert]] = outcome.score
    return Answered(examples=tuple(examples), experts=experts, scores=scores)

"""Questions and what experts made of them: the values that every fit and evaluation is given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .answers import AnswerKind


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
    #: Other right answers.
    accepted: tuple[str, ...] = ()
    #: What the answer is read and graded as; `None` where the dataset does not say.
    grader: AnswerKind | None = None
    #: Such as train or heldout; empty where the dataset has no splits.
    split: str = ""
    #: Those of one group, such as wordings of one pattern, are held out together; empty for none.
    group: str = ""
    #: Such as plain or decoy: what measurements are told apart by.
    kind: str = ""
    #: Its place in its file, from 1.
    row: int = 0
    #: File and row, for messages.
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One expert's answer to one question."""

    #: Of the example.
    id: str
    expert: str
    #: 0 for wrong to 1 for right; NaN where nobody graded it.
    score: float
    answer: str | None = None
    #: Mean log-probability of the answer's tokens, where it is known.
    log_prob: float | None = None
    #: Tokens generated.
    tokens: int | None = None
    #: From asking to the last token.
    seconds: float | None = None
    #: Number of the answer where the question was asked several times, from 0.
    sample: int = 0
    #: Code of the error that the question itself made the expert give, in place of an answer.
    fault: str = ""
    #: Of the expert's definition; outcomes of two are never mixed.
    version: str = ""
    #: How the question was put; outcomes of two ways are never mixed.
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Examples and every expert's score on each."""

    examples: tuple[Example, ...]
    experts: tuple[str, ...]
    #: Shape [n_examples, n_experts], NaN where an expert was not asked; means over samples.
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
    cells = ([row_by_id[it.id] for it in kept], [column[it.expert] for it in kept])
    sums, counts = np.zeros((2, len(examples), len(experts)))
    np.add.at(sums, cells, [outcome.score for outcome in kept])
    np.add.at(counts, cells, 1)
    scores = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return Answered(examples=tuple(examples), experts=experts, scores=scores)


def data_sha256(table: Answered) -> str:
    """Hash of what a fit learns from, for its manifest."""
    digest = hashlib.sha256(json.dumps(table.experts).encode())
    for example in table.examples:
        told = (example.id, example.prompt, example.skills, example.category, example.group)
        digest.update(json.dumps(told).encode())
    digest.update(np.ascontiguousarray(table.scores).tobytes())
    return digest.hexdigest()

"""What is learned from one half of recorded answers: scores of models on the other half."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bench.answer_table import LETTERS, AnswerTable
from routers.expected import fit_expected, fitted_strengths, left_out
from routers.profiles import count_answers

Table = NDArray[np.float64]
Rows = NDArray[np.int64]

#: What is tried on the half that is learned from: how many experts take part, and by what power of
#: their scores they weigh.
_TOP_K = (3, 5, 6, 7, 8, 10)
_SHARPNESS = (1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Scores of every model on the questions that are tried, and how to weigh them."""

    #: Shape [n_models]; accuracy on the half that was learned from.
    overall: Table
    #: Shape [n_test, n_models]; accuracy on the category, unshrunken.
    category: Table
    #: Shape [n_test, n_models]; the same, shrunken towards the model's overall accuracy.
    shrunken: Table
    #: Shape [n_test, n_models]; by skills, looks and meaning (`routers/expected.py`).
    expected: Table
    top_k: int
    sharpness: float

    def figures(self) -> dict[str, float]:
        """What was chosen, for the JSON."""
        return {"top_k": self.top_k, "sharpness": self.sharpness}


def halves(table: AnswerTable, *, seed: int) -> tuple[Rows, Rows]:
    """All questions in two, half of each category in either; those learned from come first."""
    dice = np.random.default_rng(seed)
    categories = np.array(table.categories)
    fit: list[int] = []
    test: list[int] = []
    for name in sorted(set(table.categories)):
        rows = dice.permutation(np.flatnonzero(categories == name)).tolist()
        fit += rows[: len(rows) // 2]
        test += rows[len(rows) // 2 :]
    return np.array(sorted(fit)), np.array(sorted(test))


def learned(table: AnswerTable, signals: Table, *, fit: Rows, test: Rows) -> Learned:
    """Everything that routers of the arms go by; no label of `test` is read.

    Args:
        table: of the pool.
        signals: shape [n, n_signals], of every question.
        fit: rows that are learned from.
        test: rows that are scored.
    """
    right = table.right[fit]
    strengths = fitted_strengths(signals[fit], right)
    known = left_out(signals[fit], right, strengths)
    top_k, sharpness = _chosen(table, fit, known)
    profiles = count_answers(
        right,
        [[table.categories[row]] for row in fit],
        experts=table.models,
        data_sha256="bench",
    )
    places = [profiles.skills.index(table.categories[row]) for row in test]
    return Learned(
        overall=right.mean(axis=0),
        category=profiles.accuracy(prior_count=1e-6)[places],
        shrunken=profiles.accuracy(prior_count=profiles.fitted_prior_count())[places],
        expected=fit_expected(signals[fit], right, strengths).accuracy(signals[test]),
        top_k=top_k,
        sharpness=sharpness,
    )


def _chosen(table: AnswerTable, fit: Rows, known: Table) -> tuple[int, float]:
    """The best of the grid on the questions learned from, each scored with its fold left out."""
    reached: Mapping[tuple[int, float], float] = {
        (top_k, sharpness): _reached(table, fit, known, top_k=top_k, sharpness=sharpness)
        for top_k, sharpness in product(_TOP_K, _SHARPNESS)
        if top_k <= known.shape[1]
    }
    return max(reached, key=lambda one: reached[one])


def _reached(
    table: AnswerTable, rows: Rows, scores: Table, *, top_k: int, sharpness: float
) -> float:
    """Share of questions that a vote weighed by `routers/posterior.py` answers right."""
    asked = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
    weights = np.take_along_axis(scores, asked, axis=1) ** sharpness
    answers = np.take_along_axis(table.answers[rows], asked, axis=1)
    totals = np.zeros((len(rows), len(LETTERS) + 1))
    np.add.at(totals, (np.arange(len(rows))[:, None], answers), weights)
    won = np.where(totals[:, :-1].max(axis=1) > 0, totals[:, :-1].argmax(axis=1), -1)
    return float((won == table.gold[rows]).mean())

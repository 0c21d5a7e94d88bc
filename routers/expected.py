"""What each expert is expected to reach on a question, learned from few labelled answers.

Two linear maps from signals: how hard the question is for all, and how far each expert is above or
below the pool. Both are pulled to the mean, each as strongly as foretells answers left out best:
difficulty is easily told, differences of experts are not, and one strength for both makes few
labels lose to the best single expert. With skills alone as signals the second map is the shrunken
category-to-expert map. Source: ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .signals import Rows

Table = NDArray[np.float64]

#: Strengths that are tried, in questions.
STRENGTHS = (10.0, 30.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 6400.0)
_NUM_FOLDS = 5
_EDGE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Overall accuracies and how signals move them."""

    #: Shape [n_signals]; the signals of an average question.
    centre: Table
    #: Shape [n_signals, n_experts].
    slopes: Table
    #: Shape [n_experts].
    overall: Table

    def accuracy(self, rows: Rows) -> Table:
        """Shape [n_questions, n_experts], in (0, 1)."""
        found = (rows - self.centre) @ self.slopes + self.overall
        return np.asarray(np.clip(found, _EDGE, 1 - _EDGE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """How strongly the two maps are pulled to the mean, in questions."""

    difficulty: float
    difference: float
    #: Mean squared error of differences left out; tells which signals say more.
    error: float


def fit_expected(rows: Rows, right: Table, strengths: Strengths) -> Expected:
    """The map for these questions.

    Args:
        rows: shape [n_questions, n_signals].
        right: shape [n_questions, n_experts], in [0, 1]; every expert was asked everything.
        strengths: as `fitted_strengths` finds them.
    """
    centre = rows.mean(axis=0)
    mean, difference = _parts(right)
    slopes = _slopes(rows - centre, mean, strengths.difficulty) + _slopes(
        rows - centre, difference, strengths.difference
    )
    return Expected(centre=centre, slopes=slopes, overall=right.mean(axis=0))


def fitted_strengths(rows: Rows, right: Table, *, tried: Sequence[float] = STRENGTHS) -> Strengths:
    """The strengths under which answers left out are best foretold.

    Raises:
        RouterError: there are fewer than ten questions, or shapes or grades do not fit.
    """
    if len(rows) != len(right) or len(rows) < 2 * _NUM_FOLDS:
        raise RouterError(
            f"{len(rows)} rows of signals and {len(right)} of grades; "
            f"both must be the same number, {2 * _NUM_FOLDS} or more"
        )
    bad = np.argwhere(~((right >= 0) & (right <= 1)))
    if len(bad):
        raise RouterError(f"row {bad[0][0]} has grade {right[tuple(bad[0])]}, not in 0 to 1")
    mean, difference = _parts(right)
    errors = _errors(rows, difference, tried)
    best = min(errors, key=errors.__getitem__)
    difficulties = _errors(rows, mean, tried)
    return Strengths(
        difficulty=min(difficulties, key=difficulties.__getitem__),
        difference=best,
        error=errors[best],
    )


def left_out(rows: Rows, right: Table, strengths: Strengths) -> Table:
    """Expectations of each question by a map fitted without its fold: shape of `right`."""
    out = np.empty(right.shape)
    for fold in _folds(len(rows)):
        model = fit_expected(rows[~fold], right[~fold], strengths)
        out[fold] = model.accuracy(rows[fold])
    return out


def _parts(right: Table) -> tuple[Table, Table]:
    """The pool's mean on each question, shape [n, 1], and each expert's distance to it."""
    mean = right.mean(axis=1, keepdims=True)
    return mean, right - mean


def _errors(rows: Rows, target: Table, tried: Sequence[float]) -> dict[float, float]:
    """Mean squared error on answers left out, by strength."""
    errors = dict.fromkeys(tried, 0.0)
    for fold in _folds(len(rows)):
        centre, level = rows[~fold].mean(axis=0), target[~fold].mean(axis=0)
        for strength in tried:
            slopes = _slopes(rows[~fold] - centre, target[~fold], strength)
            told = (rows[fold] - centre) @ slopes + level
            errors[strength] += float(((told - target[fold]) ** 2).sum() / target.size)
    return errors


def _slopes(centred: Rows, target: Table, strength: float) -> Table:
    gram = centred.T @ centred + strength * np.eye(centred.shape[1])
    found = np.linalg.solve(gram, centred.T @ (target - target.mean(axis=0)))
    return np.asarray(found)


def _folds(num: int) -> list[NDArray[np.bool_]]:
    number = np.arange(num) % _NUM_FOLDS
    return [number == fold for fold in range(_NUM_FOLDS)]

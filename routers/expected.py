"""What each expert is expected to reach on a question, learned from few labelled answers.

Two linear maps from signals: how hard the question is for all, and how far each expert is above or
below the pool. Both are pulled to the mean, each as strongly as foretells answers left out best:
difficulty is easily told, differences of experts are not, and one strength for both makes few
labels lose to the best single expert. Nor is every difference told as easily as another: who is
better at numbers shows in a question, which of two alike is luckier does not. So differences are
taken apart into directions, by how much of each can be told, and each is pulled by itself where
that foretells better. With skills alone as signals the second map is the shrunken
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
#: Of the mean noise, added to that of each expert.
_FLOOR = 1e-3
#: Where experts never differ.
_TINY = 1e-12


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
class Directions:
    """Differences of experts taken apart, and how strongly each part is pulled to the mean."""

    #: Shape [n_experts, n_experts]; a column for each direction, the one least told first.
    axes: Table
    #: In questions, of each direction.
    strengths: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """How strongly the two maps are pulled to the mean, in questions."""

    difficulty: float
    #: Of all differences together.
    difference: float
    #: Mean squared error of differences left out; tells which signals say more.
    error: float
    #: None: one strength for all differences foretells no worse.
    directions: Directions | None = None


def fit_expected(rows: Rows, right: Table, strengths: Strengths) -> Expected:
    """The map for these questions.

    Args:
        rows: shape [n_questions, n_signals].
        right: shape [n_questions, n_experts], in [0, 1]; every expert was asked everything.
        strengths: as `fitted_strengths` finds them.
    """
    ridge = _Ridge(rows)
    mean, difference = _parts(right)
    slopes = ridge.slopes(mean, (strengths.difficulty,))
    if strengths.directions is None:
        slopes = slopes + ridge.slopes(difference, (strengths.difference,))
    else:
        axes, own = strengths.directions.axes, strengths.directions.strengths
        slopes = slopes + ridge.slopes(difference @ axes, own) @ np.linalg.inv(axes)
    return Expected(centre=ridge.centre, slopes=slopes, overall=right.mean(axis=0))


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
    trials = _Trials(rows)
    mean, difference = _parts(right)
    shared = tried[int(trials.errors(difference, tried).sum(axis=1).argmin())]
    told = trials.told(difference, (shared,))
    directions = _directions(trials, difference, told, tried)
    apart = trials.told(difference @ directions.axes, directions.strengths)
    errors = [
        float(((one - difference) ** 2).mean())
        for one in (told, apart @ np.linalg.inv(directions.axes))
    ]
    return Strengths(
        difficulty=tried[int(trials.errors(mean, tried).sum(axis=1).argmin())],
        difference=shared,
        error=min(errors),
        directions=directions if errors[1] < errors[0] else None,
    )


def left_out(rows: Rows, right: Table, strengths: Strengths) -> Table:
    """Expectations of each question by a map fitted without its fold: shape of `right`."""
    out = np.empty(right.shape)
    for fold in _folds(len(rows)):
        model = fit_expected(rows[~fold], right[~fold], strengths)
        out[fold] = model.accuracy(rows[fold])
    return out


class _Ridge:
    """Linear maps from the same rows, for any strengths at the cost of one."""

    def __init__(self, rows: Rows) -> None:
        self.centre = rows.mean(axis=0)
        self._centred = rows - self.centre
        self._sizes, self._axes = np.linalg.eigh(self._centred.T @ self._centred)

    def slopes(self, target: Table, strengths: Sequence[float]) -> Table:
        """Shape [n_signals, n_targets]; of one strength, or of one for each target."""
        seen = self._axes.T @ (self._centred.T @ (target - target.mean(axis=0)))
        pulled = seen / (np.maximum(self._sizes, 0)[:, None] + np.array(strengths))
        return np.asarray(self._axes @ pulled)


class _Trials:
    """Answers of each fold told from the other folds."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._folds = [(fold, _Ridge(rows[~fold])) for fold in _folds(len(rows))]

    def told(self, target: Table, strengths: Sequence[float]) -> Table:
        """Shape of `target`."""
        out = np.empty(target.shape)
        for fold, ridge in self._folds:
            slopes = ridge.slopes(target[~fold], strengths)
            out[fold] = (self._rows[fold] - ridge.centre) @ slopes + target[~fold].mean(axis=0)
        return out

    def errors(self, target: Table, tried: Sequence[float]) -> Table:
        """Mean squared error by strength and column: shape [n_tried, n_targets]."""
        return np.stack([((self.told(target, (one,)) - target) ** 2).mean(axis=0) for one in tried])


def _directions(
    trials: _Trials, difference: Table, told: Table, tried: Sequence[float]
) -> Directions:
    """Directions in which what is told is large beside what is not, each with its own strength."""
    signal = told - told.mean(axis=0)
    noise = (difference - told).T @ (difference - told)
    # Differences of a question sum to zero: one direction has no noise.
    noise += (_FLOOR * np.trace(noise) / len(noise) + _TINY) * np.eye(len(noise))
    lower = np.linalg.inv(np.linalg.cholesky(noise))
    _, turned = np.linalg.eigh(lower @ (signal.T @ signal) @ lower.T)
    axes = lower.T @ turned
    best = trials.errors(difference @ axes, tried).argmin(axis=0)
    return Directions(axes=axes, strengths=tuple(tried[int(i)] for i in best))


def _parts(right: Table) -> tuple[Table, Table]:
    """The pool's mean on each question, shape [n, 1], and each expert's distance to it."""
    mean = right.mean(axis=1, keepdims=True)
    return mean, right - mean


def _folds(num: int) -> list[NDArray[np.bool_]]:
    number = np.arange(num) % _NUM_FOLDS
    return [number == fold for fold in range(_NUM_FOLDS)]

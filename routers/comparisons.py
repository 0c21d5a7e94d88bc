"""The best of several answers by comparing them in pairs.

Judges prefer what they read first, or last: each pair is asked in both orders, and a judge that
contradicts itself gives half a point to either. An answer wins by the pairs it wins (Copeland);
of those that win as many, the stronger by the model of Bradley and Terry 1952, fitted by the
iteration of Hunter 2004 (MM algorithms for generalized Bradley-Terry models); then the one given
first. Position bias: Zheng 2023, arXiv:2306.05685.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from .base import RouterError

Points = NDArray[np.float64]

#: A comparison that every pair is given beforehand, drawn: strengths stay finite.
_PRIOR_POINTS = 0.5
_NUM_ROUNDS = 200
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a judge said of two answers, shown in this order."""

    first: int
    second: int
    #: Place of the better one, as it stands in `first` or `second`; `None` where it told neither.
    better: int | None


def orders(num_answers: int) -> tuple[tuple[int, int], ...]:
    """Every pair in both orders, as they are to be shown: first, second."""
    return tuple(permutations(range(num_answers), 2))


def points(comparisons: Iterable[Comparison], *, num_answers: int) -> Points:
    """What each answer gained against each other, half a point a comparison.

    So a judge that says the same in both orders gives a point, one that contradicts itself half a
    point to either. A comparison that told neither is shared.

    Returns:
        Shape [num_answers, num_answers]; row against column, zero on the diagonal.

    Raises:
        RouterError: a comparison is of answers that are not there, or of one with itself.
    """
    table = np.zeros((num_answers, num_answers))
    for one in comparisons:
        pair = {one.first, one.second}
        if len(pair) != 2 or not pair <= set(range(num_answers)) or one.better not in {*pair, None}:
            raise RouterError(f"{one} is no comparison of two of {num_answers} answers")
        gained = {one.better: 0.5} if one.better is not None else dict.fromkeys(pair, 0.25)
        for winner, share in gained.items():
            (loser,) = pair - {winner}
            table[winner, loser] += share
    return table


def ranked_by_pairs(comparisons: Iterable[Comparison], *, num_answers: int) -> tuple[int, ...]:
    """Places of the answers, best first.

    Args:
        comparisons: of one judge or several, in any order; some may be missing.
        num_answers: all that were to be compared.

    Raises:
        RouterError: as `points` raises; there is no answer.
    """
    if num_answers < 1:
        raise RouterError("there is no answer to compare")
    table = points(comparisons, num_answers=num_answers)
    won, strength = copeland(table), strengths(table)
    order: Sequence[tuple[float, float, int]] = sorted(
        (-float(won[at]), -round(float(strength[at]), 6), at) for at in range(num_answers)
    )
    return tuple(at for *_, at in order)


def copeland(table: Points) -> Points:
    """Pairs that each answer wins, drawn ones by halves: shape [num_answers]."""
    ahead = table - table.T
    wins = (ahead > _CLOSE).astype(np.float64) + 0.5 * (np.abs(ahead) <= _CLOSE)
    np.fill_diagonal(wins, 0.0)
    return np.asarray(wins.sum(axis=1))


def strengths(table: Points) -> Points:
    """Logarithms of Bradley and Terry's strengths, their mean zero: shape [num_answers]."""
    num = len(table)
    gained = table + _PRIOR_POINTS * (1 - np.eye(num))
    met, own = gained + gained.T, gained.sum(axis=1)
    strength = np.ones(num)
    for _ in range(_NUM_ROUNDS if num > 1 else 0):
        before = strength
        strength = own / (met / (before[:, None] + before[None, :])).sum(axis=1)
        strength /= np.exp(np.log(strength).mean())
        if np.abs(strength - before).max() < _CLOSE:
            break
    return np.asarray(np.log(strength))

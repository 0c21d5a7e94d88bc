"""The best of several answers by comparing them in pairs.

Judges prefer what they read first, or last: each pair is asked in both orders, and a judge that
contradicts itself gives half a point to either. An answer wins by the pairs it wins (Copeland);
of those that win as many, the stronger by the model of Bradley and Terry 1952, fitted by the
iteration of Hunter 2004 (MM algorithms for generalized Bradley-Terry models); then the one given
first. Position bias: Zheng 2023, arXiv:2306.05685.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

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


def orders(num_answers: int, *, rounds: int | None = None) -> tuple[tuple[int, int], ...]:
    """Pairs in both orders, as they are to be shown: first, second; one order behind the other.

    They come in rounds in which every answer meets one other, so that whatever part of them is
    asked, each answer has met about as many.

    Args:
        num_answers: those to compare.
        rounds: of how many the pairs are wanted; all without.
    """
    return tuple(
        order
        for pairs in islice(_rounds(num_answers), rounds)
        for low, high in pairs
        for order in ((low, high), (high, low))
    )


def _rounds(num_answers: int) -> Iterator[list[tuple[int, int]]]:
    """Pairs of a round robin by the circle method; of an odd number one has a rest each time."""
    ring = [*range(num_answers), *([num_answers] if num_answers % 2 else [])]
    for _ in range(len(ring) - 1):
        half = len(ring) // 2
        pairs = [sorted(pair) for pair in zip(ring[:half], reversed(ring[half:]), strict=True)]
        yield [(low, high) for low, high in pairs if high < num_answers]
        ring = [ring[0], ring[-1], *ring[1:-1]]


def told_twice(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Of one judge's those of pairs that it saw in both orders.

    What it said of one order alone may be what it says of that place.
    """
    counts = Counter(frozenset((one.first, one.second)) for one in comparisons)
    return tuple(one for one in comparisons if counts[frozenset((one.first, one.second))] == 2)


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


def is_settled(
    comparisons: Iterable[Comparison],
    open_pairs: Iterable[tuple[int, int]],
    *,
    num_answers: int,
) -> bool:
    """Whether the first answer stays the first, whatever is said of pairs that are still open.

    Args:
        comparisons: what was said.
        open_pairs: those that a judge has not told yet, once for each judge.
        num_answers: all that are compared.

    Raises:
        RouterError: as `points` raises.
    """
    table, left = points(comparisons, num_answers=num_answers), np.zeros((num_answers,) * 2)
    for pair in open_pairs:
        left[pair] += 1
        left[pair[::-1]] += 1
    ahead = table - table.T
    least, most = _won(ahead - left).sum(axis=1), _won(ahead + left).sum(axis=1)
    first = int(least.argmax())
    return bool(least[first] > np.delete(most, first).max(initial=-1.0) + _CLOSE)


def copeland(table: Points) -> Points:
    """Pairs that each answer wins, drawn ones by halves: shape [num_answers]."""
    return np.asarray(_won(table - table.T).sum(axis=1))


def _won(ahead: Points) -> Points:
    """Pairs won, drawn ones by halves, by how far each row is ahead of each column."""
    wins = (ahead > _CLOSE).astype(np.float64) + 0.5 * (np.abs(ahead) <= _CLOSE)
    np.fill_diagonal(wins, 0.0)
    return wins


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

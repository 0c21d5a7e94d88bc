"""Many answers to one: a weighted vote, and how likely a vote is to be right before it is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, factorial, isfinite, log

import numpy as np
from numpy.typing import NDArray

from .base import RouterError

#: Weight of an expert that is no better than a guess: its vote only breaks ties.
MIN_WEIGHT = 0.05
#: Beyond these an estimate from few answers is no longer believed.
_MIN_P, _MAX_P = 0.02, 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What one expert answered."""

    expert: str
    #: In its canonical spelling (`routers/answers.py`); None abstains.
    answer: str | None
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What came out of a vote."""

    #: None where everybody abstained.
    answer: str | None
    #: Share of the weight that was cast, in [0, 1].
    share: float
    #: Share by answer, the largest first.
    shares: Mapping[str, float]
    #: Experts that gave no answer.
    abstained: tuple[str, ...]


def hold_vote(ballots: Sequence[Ballot]) -> Vote:
    """The answer with most weight; of two with equal weight the one that was given first.

    Args:
        ballots: in the order of trust, best expert first.

    Raises:
        RouterError: there is no ballot; a weight is negative or no number.
    """
    if not ballots:
        raise RouterError("a vote needs one ballot or more")
    weight_by_answer: dict[str, float] = {}
    for ballot in ballots:
        if not isfinite(ballot.weight) or ballot.weight < 0:
            raise RouterError(
                f"the ballot of {ballot.expert!r} weighs {ballot.weight}; weights are 0 or more"
            )
        if ballot.answer is not None:
            before = weight_by_answer.get(ballot.answer, 0.0)
            weight_by_answer[ballot.answer] = before + ballot.weight
    total = sum(weight_by_answer.values()) or 1.0
    ordered = sorted(weight_by_answer, key=lambda answer: -weight_by_answer[answer])
    shares = {answer: weight_by_answer[answer] / total for answer in ordered}
    return Vote(
        answer=ordered[0] if ordered else None,
        share=shares[ordered[0]] if ordered else 0.0,
        shares=shares,
        abstained=tuple(ballot.expert for ballot in ballots if ballot.answer is None),
    )


def weight_of(accuracy: float, *, num_options: int) -> float:
    """The weight that makes a vote of independent experts as often right as can be.

    Source: Nitzan and Paroush 1982, for two options; here wrong answers spread evenly.

    Args:
        accuracy: how often the expert is right, in [0, 1].
        num_options: answers a question may have, two or more; 10 stands for open answers.
    """
    p = min(max(accuracy, _MIN_P), _MAX_P)
    return max(MIN_WEIGHT, log(p * (num_options - 1) / (1 - p)))


def chances(accuracies: NDArray[np.float64], *, num_options: int) -> NDArray[np.float64]:
    """How likely a plurality of the first k experts is right, for every k.

    The model: experts err independently, a wrong answer is any of the others with equal chance,
    votes count alike and ties are drawn. Real experts err together, so the figure is too high for
    many experts; its order is what counts, and a threshold on it is fitted on labelled questions.

    Args:
        accuracies: shape [n, max_k], of the experts in the order they would be asked.
        num_options: answers a question may have.

    Returns:
        Shape [n, max_k]; column k - 1 is for the first k.
    """
    num, max_k = accuracies.shape
    wins = _wins(max_k, num_options)
    out = np.empty((num, max_k))
    # Shape [n, max_k + 1]: probability that so many of the experts so far are right.
    right = np.zeros((num, max_k + 1))
    right[:, 0] = 1
    for k in range(1, max_k + 1):
        p = accuracies[:, k - 1 : k]
        right[:, 1:] = right[:, 1:] * (1 - p) + right[:, :-1] * p
        right[:, :1] *= 1 - p
        out[:, k - 1] = sum(right[:, c] * wins[c, k - c] for c in range(1, k + 1))
    return out


@lru_cache(maxsize=32)
def _wins(max_k: int, num_options: int) -> NDArray[np.float64]:
    """Chance that `c` equal answers beat `w` wrong ones: shape [max_k + 1, max_k + 1]."""
    table = np.zeros((max_k + 1, max_k + 1))
    for c in range(1, max_k + 1):
        for w in range(max_k + 1 - c):
            ways = sum(
                _ways_of_tie(c, w, tied, num_options) / (tied + 1)
                for tied in range(min(num_options - 1, w // c) + 1)
            )
            table[c, w] = ways * factorial(w) / (num_options - 1) ** w
    return table


def _ways_of_tie(c: int, w: int, tied: int, num_options: int) -> float:
    """Ways, over w!, for exactly `tied` wrong options to get `c` votes and the rest fewer."""
    rest = w - tied * c
    below = np.array([1 / factorial(votes) for votes in range(min(c, rest + 1))])
    ways = np.ones(1)
    for _ in range(num_options - 1 - tied):
        ways = np.convolve(ways, below)[: rest + 1]
    found = float(ways[rest]) if len(ways) > rest else 0.0
    return float(comb(num_options - 1, tied) * found / factorial(c) ** tied)

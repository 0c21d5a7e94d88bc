"""Experts asked one after another: when enough have answered, and what they say together.

Before anyone answers, a question's smallest k is a guess from its looks; answers say more: where
the first experts agree the rest need not be asked. Source: the confidence score of Divide and
Conquer, arXiv:2401.05190, and Cascade by consistency, arXiv:2310.03094; with the weights of a
vote (`routers/reliability.py`) in the place of equal ones, ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .recruiting import best
from .reliability import Ballots, VoteWeights

Table = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Thresholds that are tried.
_THRESHOLDS = tuple(percent / 200 for percent in range(20, 200))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What the first 1, 2, ... experts of each question say together."""

    #: Shape [n, max_k]; chance of the leading answer, as the weights have it.
    shares: Table
    #: Shape [n, max_k]; the leading answer by number, -1 where nobody answered yet.
    winners: Codes

    def stops(self, threshold: float) -> Codes:
        """How many are asked until the leading answer's chance reaches `threshold`: shape [n]."""
        reached = self.shares >= threshold
        last = self.shares.shape[1]
        return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, last)

    def answers(self, stops: Codes) -> Codes:
        """What each question is answered with: shape [n]."""
        return np.asarray(self.winners[np.arange(len(stops)), stops - 1])


def take_turns(ballots: Ballots, weights: Sequence[VoteWeights]) -> Turns:
    """Ask the experts of each question in the order of what they are expected to reach.

    Args:
        ballots: answers of everybody who may be asked.
        weights: of the votes of the first 1, 2, ... experts, in order.

    Raises:
        RouterError: there are more turns than experts, or none.
    """
    num_experts = ballots.expected.shape[1]
    if not 1 <= len(weights) <= num_experts:
        raise RouterError(f"{len(weights)} turns; there are 1 to {num_experts} experts to ask")
    shares, winners = [], []
    for k, own in enumerate(weights, start=1):
        asked = first(ballots, k)
        chances = own.chances(asked)
        shares.append(chances.max(axis=1))
        winners.append(own.winners(asked))
    return Turns(shares=np.stack(shares, axis=1), winners=np.stack(winners, axis=1))


def first(ballots: Ballots, k: int) -> Ballots:
    """The ballots of the `k` experts who are expected to be best at each question."""
    is_asked = np.zeros(ballots.expected.shape, dtype=np.bool_)
    np.put_along_axis(is_asked, best(ballots.expected, k=k), values=True, axis=1)
    return Ballots(
        answers=np.where(is_asked, ballots.answers, -1),
        expected=ballots.expected,
        groups=ballots.groups,
        num_options=ballots.num_options,
    )


def fitted_threshold(turns: Turns, gold: Codes, *, as_good_as: int, slack: float = 0.003) -> float:
    """The least threshold from which on votes are as often right as if `as_good_as` were asked.

    All higher thresholds are as good, too: of few labels a single one may be by luck.

    Args:
        turns: of labelled questions that neither expectations nor weights were fitted on.
        gold: shape [n]; the right options.
        as_good_as: experts asked, to compare with.
        slack: share of the questions that may be lost against them.

    Returns:
        A threshold in (0, 1]; 1.0 where no smaller one is as good.
    """
    known = (turns.winners[:, as_good_as - 1] == gold).mean()
    least = 1.0
    for threshold in reversed(_THRESHOLDS):
        if (turns.answers(turns.stops(threshold)) == gold).mean() < known - slack:
            break
        least = threshold
    return least


def affordable_threshold(turns: Turns, *, mean_calls: float) -> float:
    """The highest threshold under which no more than `mean_calls` experts are asked on average.

    Raises:
        RouterError: not even the lowest asks so few.
    """
    for threshold in reversed(_THRESHOLDS):
        if turns.stops(threshold).mean() <= mean_calls:
            return threshold
    raise RouterError(
        f"{mean_calls} calls on average are too few; every question takes "
        f"{turns.stops(0.0).mean():g} or more"
    )

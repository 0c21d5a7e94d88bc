"""How much each expert's answer counts in a vote, learned from labelled answers.

A vote is read as a choice model: an option is as likely as the weights of those who gave it say,
`P(option) ~ exp(sum of weights)`. A weight starts as that of an independent expert and is moved
by expert, by (expert, group of questions) and by (expert, option): some say A when unsure.
Source: ours; the experts' own biases after Dawid and Skene 1979.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from .base import RouterError
from .votes import MIN_WEIGHT

Table = NDArray[np.float64]
Codes = NDArray[np.int64]

_EDGE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballots:
    """Answers of recruited experts to multiple-choice questions, as numbers."""

    #: Shape [n, n_experts]; option by number, -1 where an expert was not asked or gave none.
    answers: Codes
    #: Shape [n, n_experts]; what each expert is expected to reach.
    expected: Table
    #: Shape [n]; such as the category, by number.
    groups: Codes
    num_options: int

    def __post_init__(self) -> None:
        shapes = {self.answers.shape, self.expected.shape}
        if len(shapes) != 1 or self.groups.shape != self.answers.shape[:1]:
            raise RouterError(
                f"ballots differ in shape: answers {list(self.answers.shape)}, "
                f"expected {list(self.expected.shape)}, groups {list(self.groups.shape)}"
            )
        if self.answers.size and not -1 <= self.answers.min() <= self.answers.max() < (
            self.num_options
        ):
            raise RouterError(f"answers lie in -1 to {self.num_options - 1}")

    def base(self) -> Table:
        """Weights of independent experts: shape [n, n_experts]."""
        p = np.clip(self.expected, _EDGE, 1 - _EDGE)
        return np.asarray(np.log(p * (self.num_options - 1) / (1 - p)))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteWeights:
    """What moves a weight from that of an independent expert."""

    #: How much is made of what an expert is expected to reach; 1 for independent experts.
    scale: float
    #: Shape [n_experts].
    by_expert: Table
    #: Shape [n_groups, n_experts].
    by_group: Table
    #: Shape [n_options + 1, n_experts]; the last row is for no answer and zero.
    by_option: Table

    def weights(self, ballots: Ballots) -> Table:
        """Shape [n, n_experts]; zero where there is no answer."""
        moved = self.scale * ballots.base() + self.by_expert + self.by_group[ballots.groups]
        moved += self.by_option[ballots.answers, np.arange(ballots.answers.shape[1])]
        return np.where(ballots.answers >= 0, np.maximum(moved, MIN_WEIGHT), 0.0)

    def chances(self, ballots: Ballots) -> Table:
        """How likely each option is to be the right one: shape [n, num_options]."""
        return _shares(_totals(ballots, self.weights(ballots)))

    def winners(self, ballots: Ballots) -> Codes:
        """The option with most weight, -1 where nobody answered: shape [n]."""
        totals = _totals(ballots, self.weights(ballots))
        return np.where(totals.max(axis=1) > 0, totals.argmax(axis=1), -1)


def unmoved(*, num_experts: int, num_groups: int, num_options: int) -> VoteWeights:
    """The vote of independent experts."""
    return VoteWeights(
        scale=1.0,
        by_expert=np.zeros(num_experts),
        by_group=np.zeros((num_groups, num_experts)),
        by_option=np.zeros((num_options + 1, num_experts)),
    )


def fit_weights(ballots: Ballots, gold: Codes, *, num_groups: int, l2: float = 0.01) -> VoteWeights:
    """Weights under which the gold options are most likely.

    Args:
        ballots: of labelled questions; `expected` must not be fitted on them.
        gold: shape [n]; the right options.
        num_groups: groups that may occur.
        l2: strength of the pull to the unmoved weights, in units of mean loss.
    """
    likelihood = _Likelihood.of(ballots, gold, num_groups=num_groups)
    ends = likelihood.ends
    # The main effect of an expert is pulled less: it stands on all of its answers.
    pull = np.concatenate([np.full(ends[1], l2 / 30), np.full(ends[3] - ends[1], l2)])

    def loss(flat: Table) -> tuple[float, Table]:
        value, gradient = likelihood.loss(flat)
        return value + float((pull * flat**2).sum() / 2), gradient + pull * flat

    found = minimize(loss, np.zeros(ends[-1]), jac=True, method="L-BFGS-B", options={"maxiter": 60})
    scale, by_expert, by_group, by_option = likelihood.parts(found.x)
    return VoteWeights(
        scale=1 + float(scale[0, 0]), by_expert=by_expert[0], by_group=by_group, by_option=by_option
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Likelihood:
    """How likely moves of the weights make the gold options; moves come as one flat array."""

    ballots: Ballots
    base: Table
    gold: Codes
    #: Of the moves: of the scale, by expert, by group, by option.
    shapes: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, ballots: Ballots, gold: Codes, *, num_groups: int) -> _Likelihood:
        num_experts = ballots.answers.shape[1]
        lengths = (1, num_groups, ballots.num_options + 1)
        shapes = ((1, 1), *((length, num_experts) for length in lengths))
        return cls(ballots=ballots, base=ballots.base(), gold=gold, shapes=shapes)

    @property
    def ends(self) -> Codes:
        """Where each part of a flat array ends."""
        return np.cumsum([rows * columns for rows, columns in self.shapes])

    def parts(self, flat: Table) -> list[Table]:
        parts = np.split(flat, self.ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def loss(self, flat: Table) -> tuple[float, Table]:
        """Mean loss of the moves, and its gradient."""
        rows, answers = np.arange(len(self.gold)), self.ballots.answers
        p = _shares(_totals(self.ballots, self._weights(flat)))
        value = -np.log(np.maximum(p[rows, self.gold], 1e-12)).mean()
        p[rows, self.gold] -= 1
        slope = np.where(answers >= 0, p[rows[:, None], answers], 0.0) / len(rows)
        return float(value), self._gradient(slope)

    def _weights(self, flat: Table) -> Table:
        scale, by_expert, by_group, by_option = self.parts(flat)
        answers = self.ballots.answers
        moved = (1 + scale) * self.base + by_expert + by_group[self.ballots.groups]
        moved += by_option[answers, np.arange(answers.shape[1])]
        return np.where(answers >= 0, moved, 0.0)

    def _gradient(self, slope: Table) -> Table:
        """Slopes of the loss by the moves, from those by weight, shape [n, n_experts]."""
        by_group, by_option = np.zeros(self.shapes[2]), np.zeros(self.shapes[3])
        np.add.at(by_group, self.ballots.groups, slope)
        np.add.at(by_option, (self.ballots.answers, np.arange(slope.shape[1])[None, :]), slope)
        by_scale = (slope * self.base).sum()
        return np.concatenate([[by_scale], slope.sum(axis=0), by_group.ravel(), by_option.ravel()])


def _shares(logits: Table) -> Table:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _totals(ballots: Ballots, weights: Table) -> Table:
    """Weight by option, shape [n, num_options]."""
    num, columns = ballots.answers.shape
    totals = np.zeros((num, ballots.num_options + 1))
    rows = np.arange(num)
    for column in range(columns):
        totals[rows, ballots.answers[:, column]] += weights[:, column]
    return totals[:, :-1]

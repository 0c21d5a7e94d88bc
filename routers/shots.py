"""Which experts suit a new task of which there are 5 to 50 labelled examples.

Who guesses right is no expert: what blind guessing would reach is taken off, and what is left is
shrunk, since one of five examples is soon hit: to how good the expert is elsewhere, where that is
known, and as far as the examples bear it out. Then experts are added one by one, each for what it
solves that those before it do not.
Source: K-shot experts, arXiv:2408.15915; the measures are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

from .base import RouterError

#: Examples that the pool's mean counts for.
_PRIOR_COUNT = 4.0
#: Examples that an expert's figure elsewhere counts for -> how likely that is before any are seen.
#: Of all-rounders 20 to 80 are as good on recorded answers (`bench/routing_shots.py`); specialists
#: do on their task what no other questions foretell, which the examples themselves show.
_KNOWN_COUNTS = {40.0: 10 / 11, 2.0: 1 / 11}
#: No figure elsewhere makes an outcome impossible.
_LEAST_CHANCE = 0.02
_MIN_EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Suited:
    """One expert's place."""

    expert: str
    #: Accuracy above guessing, shrunk, in [0, 1].
    skill: float
    #: Share of the examples it solves that no expert before it does.
    adds: float


def rank_by_shots(
    right: NDArray[np.float64],
    *,
    experts: Sequence[str],
    guess_share: float = 0.0,
    diversity: float = 0.5,
    known: NDArray[np.float64] | None = None,
) -> tuple[Suited, ...]:
    """Experts, the first to take first.

    Args:
        right: shape [n_examples, n_experts], in [0, 1].
        experts: ids, in the order of the columns.
        guess_share: what blind guessing reaches, as 0.1 with ten options.
        diversity: how much of an expert's worth, but for the first, is what it adds to those
            before it, in [0, 1].
        known: shape [n_experts], accuracy of each on the same other questions; `None` where
            nobody knows.

    Raises:
        RouterError: there are fewer than five examples, or a value is out of range.
    """
    _check(right, experts, guess_share=guess_share, diversity=diversity)
    shrunken = _shrunken(right, known)
    skill = np.maximum((shrunken - guess_share) / (1 - guess_share), 0.0)
    open_share = np.ones(len(right))
    found: list[Suited] = []
    rest = list(range(len(experts)))
    while rest:
        adds = (open_share @ right) / len(right)
        # What a guesser adds is worth as little as its skill.
        worth = (1 - diversity) * skill + diversity * adds * (skill > 0)
        if not found:
            worth = skill  # what it adds is what it solved, which a few examples exaggerate
        best = max(rest, key=lambda column: (worth[column], shrunken[column]))
        rest.remove(best)
        found.append(Suited(expert=experts[best], skill=float(skill[best]), adds=float(adds[best])))
        open_share = open_share * (1 - right[:, best])
    return tuple(found)


def _shrunken(right: NDArray[np.float64], known: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Accuracy of each expert, drawn to the pool's, and to what it is elsewhere."""
    mean = right.mean()
    if known is None:
        return np.asarray((right.sum(axis=0) + _PRIOR_COUNT * mean) / (len(right) + _PRIOR_COUNT))
    # How hard the task is moves everybody: only differences between experts are carried over.
    expected = np.clip(mean + known - known.mean(), 0.0, 1.0)
    hits, num = right.sum(axis=0), len(right)
    logs = np.array(
        [
            log(prior) + _log_evidence(hits, num=num, expected=expected, count=count)
            for count, prior in _KNOWN_COUNTS.items()
        ]
    )
    weights = np.exp(logs - logs.max())
    each = [(hits + count * expected) / (num + count) for count in _KNOWN_COUNTS]
    return np.asarray(np.average(each, axis=0, weights=weights))


def _log_evidence(
    hits: NDArray[np.float64], *, num: int, expected: NDArray[np.float64], count: float
) -> float:
    """How well figures that count for `count` examples foretell the hits: beta-binomials."""
    chances = np.clip(expected, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    return sum(
        _log_beta(own + count * chance, num - own + count * (1 - chance))
        - _log_beta(count * chance, count * (1 - chance))
        for own, chance in zip(hits.tolist(), chances.tolist(), strict=True)
    )


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)


def _check(
    right: NDArray[np.float64], experts: Sequence[str], *, guess_share: float, diversity: float
) -> None:
    if right.ndim != 2 or right.shape[1] != len(experts) or len(right) < _MIN_EXAMPLES:
        raise RouterError(
            f"grades have shape {list(right.shape)}; they need {_MIN_EXAMPLES} examples or more "
            f"and one column for each of {len(experts)} experts"
        )
    bad = np.argwhere(~((right >= 0) & (right <= 1)))
    if len(bad):
        row, column = bad[0]
        raise RouterError(
            f"row {row}: expert {experts[column]!r} has grade {right[row, column]}, not in 0 to 1"
        )
    if not (0 <= guess_share < 1 and 0 <= diversity <= 1):
        raise RouterError(
            f"guess_share is {guess_share}, under 1, and diversity {diversity}, up to 1"
        )


def kept(ranked: Sequence[Suited], *, most: int) -> tuple[Suited, ...]:
    """The first `most` that solve more than guessing and, after the first, add something.

    Raises:
        RouterError: none of them solves more than guessing.
    """
    able = [one for one in ranked if one.skill > 0]
    if not able:
        tried = ", ".join(one.expert for one in ranked)
        raise RouterError(f"no expert solves more of the examples than guessing would: {tried}")
    return tuple([able[0], *(one for one in able[1:] if one.adds > 0)][:most])

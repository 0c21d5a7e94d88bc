"""Which expert merges the answers of others: the one that tests best at merging.

How well an expert solves says little about how well it picks the right one of several chains of
thought, so it is tried on questions with one right and two wrong of them.
Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .base import RouterError
from .resampling import Share

_NUM_WRONG = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What one expert wrote on one question."""

    expert: str
    text: str
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTest:
    """One question of the test: three solutions in random order, one of them right."""

    question: str
    solutions: tuple[Solution, ...]


def merge_tests(
    solutions: Mapping[str, Sequence[Solution]], *, num_tests: int, seed: int
) -> tuple[MergeTest, ...]:
    """Tests from recorded solutions; questions without one right and two wrong ones are left out.

    Args:
        solutions: question -> what experts wrote.
        num_tests: at most so many.
        seed: of the choice and the order of solutions.

    Raises:
        RouterError: no question can be used.
    """
    fit = [
        question
        for question, own in solutions.items()
        if 1 <= sum(it.is_right for it in own) <= len(own) - _NUM_WRONG
    ]
    if not fit:
        raise RouterError(
            f"none of {len(solutions)} questions has one right and {_NUM_WRONG} wrong solutions; "
            "record the answers of more experts, or of harder questions"
        )
    dice = np.random.default_rng(seed)
    chosen = [fit[i] for i in sorted(dice.permutation(len(fit))[:num_tests])]
    return tuple(_test(question, solutions[question], dice) for question in chosen)


def best_aggregator(results: Mapping[str, Sequence[bool]]) -> tuple[str, Mapping[str, Share]]:
    """The expert that merged right most often, and every expert's share with its interval.

    Args:
        results: expert -> whether it merged right, test by test.

    Raises:
        RouterError: nobody was tested, or not all on the same number of tests.
    """
    lengths = {name: len(own) for name, own in results.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise RouterError(f"experts must take the same tests, one or more; they took {lengths}")
    shares = {name: Share(right=sum(own), asked=len(own)) for name, own in results.items()}
    return max(sorted(shares), key=lambda name: shares[name].value), shares


def _test(question: str, own: Sequence[Solution], dice: np.random.Generator) -> MergeTest:
    right = [it for it in own if it.is_right]
    wrong = [it for it in own if not it.is_right]
    picked = [right[dice.integers(len(right))]]
    picked += [wrong[i] for i in dice.permutation(len(wrong))[:_NUM_WRONG]]
    order = dice.permutation(len(picked))
    return MergeTest(question=question, solutions=tuple(picked[i] for i in order))

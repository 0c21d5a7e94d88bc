"""How sure a figure is: Wilson's interval of a share, and questions drawn anew."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NUM_DRAWS = 1000
_CHUNK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean and where 95 % of its draws lie."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A count of successes with its 95 % interval."""

    #: Whole but where answers count by halves.
    right: float
    asked: int

    @property
    def value(self) -> float:
        """In [0, 1]; zero where nothing was asked."""
        return self.right / self.asked if self.asked else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval."""
        if not self.asked:
            return (0.0, 1.0)
        z, n = 1.96, self.asked
        middle = self.value + z * z / (2 * n)
        reach = z * math.sqrt(self.value * (1 - self.value) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return (max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale))


def intervals(
    values: NDArray[np.float64], questions: NDArray[np.int64], *, seed: int = 0
) -> list[Interval]:
    """The mean of each column and its bootstrap interval.

    Args:
        values: shape [n_rows, n_columns].
        questions: shape [n_rows]; rows of one question are drawn together.
        seed: of the draws.
    """
    _, place = np.unique(questions, return_inverse=True)
    num = int(place.max()) + 1
    sums, rows = np.zeros((num, values.shape[1])), np.bincount(place, minlength=num)
    np.add.at(sums, place, values)
    dice = np.random.default_rng(seed)
    draws = []
    for _ in range(_NUM_DRAWS // _CHUNK):
        picked = dice.multinomial(num, np.full(num, 1 / num), size=_CHUNK).astype(np.float64)
        draws.append((picked @ sums) / (picked @ rows)[:, None])
    low, high = np.quantile(np.concatenate(draws), [0.025, 0.975], axis=0)
    return [
        Interval(mean=float(mean), low=float(down), high=float(up))
        for mean, down, up in zip(values.mean(axis=0), low, high, strict=True)
    ]

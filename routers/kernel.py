"""Kernel regression of scores over the nearest known questions, shrunk to overall accuracies.

Source: C3PO, Li 2025, arXiv:2504.07964, reweighs experts by what succeeded on the nearest reference
questions. We differ: how hard a question is and how experts differ on it are shrunk apart, each as
strongly as foretells questions left out best, for the reason given in `expected`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .closest import Nearest

Table = NDArray[np.float64]

#: Queries summed up at once: bounds memory at many neighbours.
_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """How much a known question counts."""

    #: Known questions that are looked at.
    k: int
    #: Distance, one minus the cosine, over which a question's weight falls to a third.
    width: float
    #: Questions, of full weight, that the pool's overall accuracy counts for.
    difficulty: float
    #: The same for each expert's distance to the pool.
    difference: float

    def weights(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape of `cosines`: the `k` greatest of each row count, by their distance."""
        found = np.exp((cosines - np.float32(1)) / np.float32(self.width))
        if self.k < cosines.shape[1]:
            edge = np.partition(cosines, -self.k, axis=1)[:, -self.k, None]
            found = np.where(cosines >= edge, found, np.float32(0))
        return np.asarray(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Scores of known questions as two parts: how hard each is, and how experts differ on it."""

    #: Shape [n_experts]; mean over the questions each was asked.
    overall: Table
    #: Shape [n_questions, 1 + 2 * n_experts], side by side so that one gather fetches all of it:
    #: ease, differences, and whether each expert was asked.
    columns: NDArray[np.float32]

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> Known:
        """For scores of shape [n_questions, n_experts], NaN where an expert was not asked."""
        is_asked = ~np.isnan(scores)
        counts = is_asked.sum(axis=0)
        mean = np.nansum(scores) / max(is_asked.sum(), 1)
        overall = np.where(counts, np.nansum(scores, axis=0) / np.maximum(counts, 1), mean)
        rest = np.where(is_asked, scores - overall, 0.0)
        ease = rest.sum(axis=1) / np.maximum(is_asked.sum(axis=1), 1)
        difference = np.where(is_asked, rest - ease[:, None], 0.0)
        columns = np.hstack([ease[:, None], difference, is_asked])
        return cls(overall=overall, columns=columns.astype(np.float32))

    @property
    def ease(self) -> NDArray[np.float32]:
        """Shape [n_questions]; mean over the experts asked of score less overall accuracy."""
        return self.columns[:, 0]

    @property
    def difference(self) -> NDArray[np.float32]:
        """Shape [n_questions, n_experts]; what is left; 0 where an expert was not asked."""
        return self.columns[:, 1 : 1 + len(self.overall)]

    @property
    def is_asked(self) -> NDArray[np.float32]:
        """Shape [n_questions, n_experts]; 1 where an expert was asked."""
        return self.columns[:, 1 + len(self.overall) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Weighted sums over neighbours, from which an estimate follows at any strength."""

    #: Shape [n_queries, 1] each: sum of ease, sum of weights.
    ease: Table
    weight: Table
    #: Shape [n_queries, n_experts] each: sum of differences, sum of weights of those asked.
    difference: Table
    asked: Table

    @classmethod
    def of(cls, found: Nearest, known: Known, kernel: Kernel) -> Sums:
        """Over the neighbours of each query."""
        weights = kernel.weights(found.cosines)
        num = len(known.overall)
        sums = np.empty((len(weights), 1 + 2 * num))
        for start in range(0, len(weights), _CHUNK):
            rows = slice(start, start + _CHUNK)
            picked = known.columns[found.numbers[rows]]
            sums[rows] = np.matmul(weights[rows, None, :], picked)[:, 0]
        return cls(
            ease=sums[:, :1],
            weight=weights.sum(axis=1, keepdims=True),
            difference=sums[:, 1 : 1 + num],
            asked=sums[:, 1 + num :],
        )

    def expected_ease(self, strength: float) -> Table:
        """Shape [n_queries, 1]: how far the pool is above its mean."""
        return self.ease / (self.weight + strength)

    def expected_difference(self, strength: float) -> Table:
        """Shape [n_queries, n_experts]: how far each expert is above the pool."""
        return self.difference / (self.asked + strength)


def estimates(found: Nearest, known: Known, kernel: Kernel) -> Table:
    """Expected score of each expert, shape [n_queries, n_experts], in [0, 1]."""
    sums = Sums.of(found, known, kernel)
    told = known.overall + sums.expected_ease(kernel.difficulty)
    return np.asarray(np.clip(told + sums.expected_difference(kernel.difference), 0.0, 1.0))

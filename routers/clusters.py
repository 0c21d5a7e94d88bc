"""Questions that are alike as skills that nobody has to name.

Source: CASCAL (ALGORITHMS, cold start), whose profiles are by clusters of questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .embeddings import Embedder, Embeddings, unit_rows

_MAX_CHARS = 4000
_MAX_ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Centres of questions that are alike, and their names."""

    names: tuple[str, ...]
    #: Shape [n_clusters, dim], rows of unit norm.
    centres: Embeddings
    embedder: Embedder

    def of(self, text: str) -> tuple[str, ...]:
        """The cluster whose centre is nearest; none where no word of the text is known."""
        read = text[:_MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
        near = self.centres @ self.embedder.embed([read])[0]
        return (self.names[int(near.argmax())],) if near.any() else ()


def cluster_rows(rows: Embeddings, *, num: int, seed: int) -> tuple[Embeddings, NDArray[np.int64]]:
    """Spherical k-means: centres of unit norm, and the cluster of each row.

    Args:
        rows: shape [n, dim], of unit norm.
        num: clusters; fewer come back where rows repeat.
        seed: of the first centres, spread by k-means++.
    """
    centres = _spread(rows, num=num, seed=seed)
    labels = np.full(len(rows), -1)
    for _ in range(_MAX_ROUNDS):
        nearest = (rows @ centres.T).argmax(axis=1)
        if (nearest == labels).all():
            break
        labels = nearest
        sums = np.zeros_like(centres)
        np.add.at(sums, labels, rows)
        centres = unit_rows(sums)
    kept, labels = np.unique(labels, return_inverse=True)
    return centres[kept], labels.astype(np.int64)


def cluster_names(
    texts: Sequence[str], labels: NDArray[np.int64], *, num_words: int = 3
) -> list[str]:
    """A name for each cluster: its number, and words it has more often than the others."""
    vocabulary: dict[str, int] = {}
    pairs = [
        (label, vocabulary.setdefault(word, len(vocabulary)))
        for text, label in zip(texts, labels.tolist(), strict=True)
        for word in set(text[:_MAX_CHARS].lower().split())
        if word.isalpha()
    ]
    num = int(labels.max()) + 1
    counts = np.zeros((num, max(len(vocabulary), 1)))
    for label, word in pairs:
        counts[label, word] += 1
    share = counts / np.maximum(np.bincount(labels, minlength=num)[:, None], 1)
    lift = share - counts.sum(axis=0) / len(texts)
    words = list(vocabulary)
    return [
        " ".join(
            [f"cluster-{row:03d}", *(words[i] for i in np.argsort(-own)[:num_words] if own[i] > 0)]
        )
        for row, own in enumerate(lift)
    ]


def _spread(rows: Embeddings, *, num: int, seed: int) -> Embeddings:
    """First centres, each far from those before it."""
    dice = np.random.default_rng(seed)
    chosen = [int(dice.integers(len(rows)))]
    nearest = rows @ rows[chosen[0]]
    for _ in range(min(num, len(rows)) - 1):
        distance = np.clip(1 - nearest.astype(np.float64), 0, None)
        if distance.sum() < 1e-6:
            break
        chosen.append(int(dice.choice(len(rows), p=distance / distance.sum())))
        nearest = np.maximum(nearest, rows @ rows[chosen[-1]])
    return rows[chosen].copy()

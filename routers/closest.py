"""The nearest of many known vectors: one matrix product, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .embeddings import Embeddings

#: Rows compared at once: bounds the table of similarities to some 20 MB at 10,000 references.
_CHUNK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """What is nearest to each query, in no order."""

    #: Shape [n_queries, k]; rows of the references.
    numbers: NDArray[np.int64]
    #: Shape [n_queries, k]; cosines.
    cosines: NDArray[np.float32]


def nearest(
    queries: Embeddings,
    references: Embeddings,
    *,
    k: int,
    groups: Sequence[int] | NDArray[np.int64] | None = None,
) -> Nearest:
    """The `k` references nearest to each query, or all where there are fewer.

    Args:
        queries: shape [n_queries, dim], rows of unit norm.
        references: shape [n_references, dim], rows of unit norm.
        k: how many.
        groups: where the queries are the references: group of each. A query then passes over those
            of its own group, which get a cosine of -1 where too few others are there.
    """
    k = min(k, len(references))
    own = None if groups is None else np.asarray(groups)
    numbers = np.empty((len(queries), k), dtype=np.int64)
    cosines = np.empty((len(queries), k), dtype=np.float32)
    for start in range(0, len(queries), _CHUNK):
        rows = slice(start, start + _CHUNK)
        found = queries[rows] @ references.T
        if own is not None:
            found[own[rows, None] == own[None, :]] = -1
        kept = _greatest(found, k)
        numbers[rows] = kept
        cosines[rows] = np.take_along_axis(found, kept, axis=1)
    return Nearest(numbers=numbers, cosines=cosines)


def _greatest(found: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    if k == found.shape[1]:
        return np.tile(np.arange(k), (len(found), 1))
    return np.argpartition(found, -k, axis=1)[:, -k:]

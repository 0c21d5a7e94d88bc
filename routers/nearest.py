"""Puts a prompt in the category of the labelled prompts nearest to it.

Source: the category router of CoE's authors, k nearest neighbours on an embedder of 7 B
(arXiv:2412.01868, notes on their release). We differ: the embedding is small, so a sketch of the
grams stands beside it; votes count by similarity; and a vote for no category, as strong as one
neighbour at a fitted similarity, keeps what is far from everything unsure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .embeddings import Embeddings, unit_rows
from .features import Features, softmax
from .grams import SparseRows

_PLACES = np.uint64(0x9E3779B97F4A7C15)
#: Shares are told apart down to here; a category without any vote keeps this much.
_LEAST_SHARE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """How neighbours are counted."""

    #: Neighbours that vote.
    k: int
    #: Similarity by which a vote weighs a factor of e less.
    bandwidth: float
    #: Similarity of the neighbour of no category that always votes.
    floor: float

    def shares(
        self, similarity: NDArray[np.float32], labels: NDArray[np.int64], num_categories: int
    ) -> NDArray[np.float32]:
        """Shape [n, n_categories]; rows sum to one.

        Args:
            similarity: to those who vote, shape [n, k].
            labels: their categories, shape [n, k]; `num_categories` says none.
            num_categories: how many there are.
        """
        votes = np.exp((similarity - 1) / np.float32(self.bandwidth))
        cells = labels + np.arange(len(labels))[:, None] * (num_categories + 1)
        counted = np.bincount(
            cells.ravel(), weights=votes.ravel(), minlength=len(labels) * (num_categories + 1)
        ).reshape(len(labels), num_categories + 1)
        none = counted[:, -1:] + np.exp((self.floor - 1) / self.bandwidth)
        told = counted[:, :-1] + none / num_categories
        return np.asarray(told / told.sum(axis=1, keepdims=True), dtype=np.float32)


def nearest(similarity: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Columns of the `k` highest of each row, in no order: shape [n, min(k, n_columns)]."""
    k = min(k, similarity.shape[1])
    return np.argpartition(-similarity, k - 1, axis=1)[:, :k]


def logits_of(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a temperature divides, shape [n, n_categories]."""
    return np.asarray(np.log(np.maximum(shares, np.float32(_LEAST_SHARE))), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class GramSketch:
    """Hashed grams in so few columns that rows can be compared with thousands of others.

    Each gram adds to one column, with a sign, so that products of rows stay right on average
    (count sketch, Charikar 2002).
    """

    #: Columns of the sketch.
    width: int

    def of(self, grams: SparseRows) -> NDArray[np.float32]:
        """Shape [n_texts, width]."""
        hashed = grams.columns.astype(np.uint64) * _PLACES >> np.uint64(20)
        places = (hashed % np.uint64(self.width)).astype(np.int64)
        signs = np.where(hashed >> np.uint64(32) & np.uint64(1), 1.0, -1.0)
        flat = np.bincount(
            grams.rows * self.width + places,
            weights=grams.values * signs,
            minlength=grams.num_rows * self.width,
        )
        return flat.reshape(grams.num_rows, self.width).astype(np.float32)


def vectors(features: Features, sketch: GramSketch) -> Embeddings:
    """Both views of texts as rows of unit norm, shape [n_texts, dim + sketch.width]."""
    return unit_rows(np.hstack([features.dense, sketch.of(features.grams)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestHead:
    """Labelled prompts and how those near a new one vote."""

    #: Shape [n_prompts, dim + sketch.width], rows of unit norm.
    prompts: Embeddings
    #: Category of each prompt, shape [n_prompts]; `num_categories` says none.
    labels: NDArray[np.int64]
    num_categories: int
    sketch: GramSketch
    votes: Votes
    #: Divides the logarithm of the shares; over one makes the router less sure.
    temperature: float

    def probabilities(self, features: Features) -> NDArray[np.float32]:
        """Shape [n_texts, n_categories]; rows sum to one."""
        similarity = vectors(features, self.sketch) @ self.prompts.T
        who = nearest(similarity, self.votes.k)
        shares = self.votes.shares(
            np.take_along_axis(similarity, who, axis=1), self.labels[who], self.num_categories
        )
        return softmax(logits_of(shares) / np.float32(self.temperature))

"""What a category router sees of a text: its embedding and its grams, in one place.

Fitting and serving share this code, so that they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .embeddings import Embedder, Embeddings
from .grams import HashedGrams, SparseRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Two views of the same texts."""

    #: Shape [n_texts, dim].
    dense: Embeddings
    #: Shape [n_texts, 2**bits].
    grams: SparseRows


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFeatures:
    """Embeds and hashes texts as they are; what to read of a text is the router's to say."""

    embedder: Embedder
    grams: HashedGrams
    #: Length of the embedding beside the grams, whose length is one.
    dense_norm: float

    def of(self, texts: Sequence[str]) -> Features:
        """Both views of `texts`."""
        dense = self.embedder.embed(texts) * np.float32(self.dense_norm)
        return Features(dense=dense, grams=self.grams.rows(texts))


class Head(Protocol):
    """Puts what is seen of texts into categories."""

    def probabilities(self, features: Features) -> NDArray[np.float32]:
        """Shape [n_texts, n_categories]; rows sum to one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearHead:
    """Weights from features to categories, and the temperature that calibrates them."""

    #: Shape [dim, n_categories].
    dense: NDArray[np.float32]
    #: Shape [2**bits, n_categories].
    grams: NDArray[np.float32]
    #: Shape [n_categories].
    bias: NDArray[np.float32]
    #: Divides the logits; over one makes the router less sure.
    temperature: float

    def probabilities(self, features: Features) -> NDArray[np.float32]:
        """Shape [n_texts, n_categories]; rows sum to one."""
        logits = features.dense @ self.dense + features.grams.dot(self.grams) + self.bias
        return softmax(logits / np.float32(self.temperature))


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities over the last axis of `logits`, shape [n, n_categories]."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float32)


def normalised_entropy(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Entropy of each row over that of the uniform distribution: shape [n], in [0, 1].

    Source: the uncertainty of CoE's category router, arXiv:2412.01868.
    """
    terms = probabilities * np.log(np.maximum(probabilities, np.float32(1e-12)))
    entropy = -terms.sum(axis=1) / np.float32(np.log(probabilities.shape[1]))
    return np.asarray(np.minimum(np.maximum(entropy, 0), 1), dtype=np.float32)

"""Multinomial logistic regression with soft targets: what a category router learns.

Soft targets let prompts of no known topic be taught as "any category is as good", so that the
entropy of the answer says how sure it is (outlier exposure, Hendrycks 2019, arXiv:1812.04606).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Weights: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """What to learn from."""

    #: Shape [n, n_features].
    features: csr_matrix
    #: Shape [n, n_classes]; rows sum to one.
    targets: NDArray[np.float64]
    #: Shape [n]; how much each example counts.
    weights: NDArray[np.float64]


def fit_softmax(examples: Examples, *, l2: float, max_steps: int = 120) -> Weights:
    """Weights of shape [n_features + 1, n_classes] that minimise cross-entropy; last is the bias.

    Args:
        examples: rows, targets and weights.
        l2: Strength of the penalty on squared weights, in units of mean loss; spares the bias.
        max_steps: Of L-BFGS; the same data and seedless start give the same weights.
    """
    # In double precision once, or scipy would copy the matrix in every step.
    features, targets = examples.features.astype(np.float64), examples.targets
    share = examples.weights / examples.weights.sum()
    num_features, num_classes = features.shape[1], targets.shape[1]
    transposed = features.T.tocsr()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(num_features + 1, num_classes)
        logits = features @ table[:-1] + table[-1]
        log_p = logits - logits.max(axis=1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        slope = (np.exp(log_p) - targets) * share[:, None]
        gradient = np.vstack([transposed @ slope + l2 * table[:-1], slope.sum(axis=0)])
        value = -(share * (targets * log_p).sum(axis=1)).sum() + l2 / 2 * (table[:-1] ** 2).sum()
        return float(value), gradient.ravel()

    start = np.zeros((num_features + 1) * num_classes)
    options = {"maxiter": max_steps, "maxcor": 10}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x.reshape(num_features + 1, num_classes), dtype=np.float32)

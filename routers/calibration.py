"""How sure a router may be: temperature, the entropy threshold, and how far both are off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .features import normalised_entropy, softmax

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

#: What keeping a known prompt is worth beside catching an unknown one, when tau is chosen.
KNOWN_SHARE = 0.6
_TEMPERATURES = np.geomspace(0.25, 4.0, 61)
_TAUS = np.linspace(0.02, 0.98, 193)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The entropy above which a prompt goes to the general expert, and what it does."""

    tau: float
    #: Share of known prompts that still reach the right category.
    known_right: float
    #: Share of unknown prompts that are recognised.
    unknown_recall: float


def best_temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """The temperature with the least cross-entropy on prompts that were left out of the fit.

    Args:
        logits: shape [n, n_categories], known prompts only.
        labels: shape [n].
    """

    def loss(temperature: float) -> float:
        probabilities = softmax(logits / np.float32(temperature))
        picked = probabilities[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(picked, 1e-12)).mean())

    return float(min(_TEMPERATURES, key=loss))


def best_threshold(entropy: Floats, is_right: Bools, is_known: Bools) -> Threshold:
    """The tau that keeps most known prompts and catches most unknown ones.

    Args:
        entropy: shape [n], in [0, 1].
        is_right: shape [n]; whether the likeliest category is the right one.
        is_known: shape [n].
    """
    options = [
        Threshold(
            tau=float(tau),
            known_right=float((is_right & (entropy <= tau))[is_known].mean()),
            unknown_recall=float((entropy > tau)[~is_known].mean()),
        )
        for tau in _TAUS
    ]
    return max(
        options,
        key=lambda it: KNOWN_SHARE * it.known_right + (1 - KNOWN_SHARE) * it.unknown_recall,
    )


def calibration_error(confidence: Floats, is_right: Bools, *, num_bins: int = 15) -> float:
    """Expected calibration error: mean gap between confidence and accuracy, weighted by bin size.

    Source: Guo 2017, arXiv:1706.04599; equal-width bins.
    """
    bins = np.minimum((confidence * num_bins).astype(np.int64), num_bins - 1)
    gaps = np.bincount(bins, weights=confidence - is_right, minlength=num_bins)
    return float(np.abs(gaps).sum() / max(len(confidence), 1))


def entropies(logits: Floats, temperature: float) -> Floats:
    """Normalised entropy of each row of `logits` at `temperature`, shape [n]."""
    return normalised_entropy(softmax(logits / np.float32(temperature)))

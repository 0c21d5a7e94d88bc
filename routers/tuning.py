"""Temperature and entropy threshold of a classifier, on questions that its fit did not see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .artifacts import HeadPart
from .calibration import best_temperature, best_threshold, calibration_error, entropies
from .features import TextFeatures, softmax
from .training import TrainingSet


def tuned(data: TrainingSet, logits: NDArray[np.float32], *, features: TextFeatures) -> HeadPart:
    """Temperature, tau and what they measure.

    Args:
        data: known questions, then unknown ones.
        logits: of left-out questions, shape [n_known + n_unknown, n_categories].
        features: what the classifier sees.
    """
    num_known = len(data.known)
    known, labels = logits[:num_known], data.labels
    temperature = best_temperature(known, labels)
    is_known = np.arange(len(logits)) < num_known
    is_right = np.zeros(len(logits), dtype=np.bool_)
    is_right[:num_known] = known.argmax(axis=1) == labels
    threshold = best_threshold(entropies(logits, temperature), is_right, is_known)
    confidence = softmax(known / np.float32(temperature)).max(axis=1)
    metrics = {
        "category_accuracy": float(is_right[:num_known].mean()),
        "routed_right": threshold.known_right,
        "unknown_recall": threshold.unknown_recall,
        "calibration_error": calibration_error(confidence, is_right[:num_known]),
    }
    return HeadPart(
        dim=features.embedder.dim,
        dense_norm=features.dense_norm,
        temperature=round(temperature, 4),
        tau=round(threshold.tau, 4),
        metrics={name: round(value, 4) for name, value in metrics.items()},
    )

"""Grades without labels, for a pool nobody has measured: experts grade one another by agreement.

Each expert's mean log-probability is standardised by its own median and spread, since experts are
not on one scale; its logistic weighs the expert's vote; the share of weight that an answer gets is
the grade of all who gave it. Source: CASCAL (ALGORITHMS, cold start), read from its description;
without its clusters, which are the caller's skills here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .base import RouterError

Table = NDArray[np.float64]

#: Makes the median absolute deviation of normal values their standard deviation.
_MAD_SCALE = 1.4826
_TINY = 1e-9


def confidences(log_probs: Table) -> Table:
    """Weight of each answer, in (0, 1): the logistic of its standardised log-probability.

    Args:
        log_probs: mean over tokens, shape [n_questions, n_experts]; NaN where it is not known,
            which weighs like a median answer.
    """
    out = np.full(log_probs.shape, 0.5)
    for column in range(log_probs.shape[1]):
        own = log_probs[:, column]
        is_known = np.isfinite(own)
        if is_known.any():
            middle = np.median(own[is_known])
            spread = _MAD_SCALE * np.median(np.abs(own[is_known] - middle))
            scaled = np.clip((own[is_known] - middle) / max(spread, _TINY), -30, 30)
            out[is_known, column] = 1 / (1 + np.exp(-scaled))
    return out


def consensus_grades(answers: Sequence[Sequence[str | None]], weights: Table) -> Table:
    """How far each expert's answer is the consensus: what profiles count in place of grades.

    Args:
        answers: by question and expert, canonical; None abstains.
        weights: of each answer, as `confidences` gives them.

    Returns:
        Shape [n_questions, n_experts], in [0, 1]; 0 for who abstains.

    Raises:
        RouterError: the shapes differ.
    """
    if weights.shape != (len(answers), len(answers[0]) if answers else 0) or any(
        len(own) != weights.shape[1] for own in answers
    ):
        raise RouterError(
            f"{len(answers)} rows of answers do not fit weights of shape {list(weights.shape)}"
        )
    return np.array(
        [_posterior(own, row) for own, row in zip(answers, weights, strict=True)]
    ).reshape(weights.shape)


def _posterior(answers: Sequence[str | None], weights: Table) -> list[float]:
    weight_by_answer: dict[str, float] = defaultdict(float)
    for answer, weight in zip(answers, weights.tolist(), strict=True):
        if answer is not None:
            weight_by_answer[answer] += weight
    total = sum(weight_by_answer.values()) or 1.0
    return [weight_by_answer[it] / total if it is not None else 0.0 for it in answers]

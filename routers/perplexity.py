"""Perplexity consistency with reasoning pruning: the answer of the likeliest samples.

Each sampled path has `p = exp(mean token log-probability)`. A mixture of two Weibull distributions
tells likely paths from unlikely ones; the unlikely are dropped, and an answer scores the sum of `p`
over its unique paths.
Source: RPC, Zhou 2025, arXiv:2502.00511, and its released code. We differ: paths without a readable
answer are counted when the mixture is fitted and score nothing; where `p` takes fewer than
four values nothing is pruned, since five parameters fit anything; paths of several experts have
their log-probabilities standardised by expert first, which are not on one scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .weibull import fit_mixture

Probabilities = NDArray[np.float64]

#: Different probabilities below which there is nothing to tell likely from unlikely by.
MIN_PRUNED = 4
#: Log-probabilities of engines lie above zero by rounding, no further.
_MAX_LOGPROB = 1e-3
#: Median absolute deviations of a normal distribution's standard deviation.
_MAD_TO_DEVIATION = 1.4826
_LEAST_DEVIATION = 1e-6
_CLOSE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One sampled answer with how likely its words were."""

    expert: str
    #: What was written, letter by letter: the same text of the same expert counts once.
    text: str
    #: In its canonical spelling (`routers/answers.py`); `None` where none can be read.
    answer: str | None
    #: Mean natural-log probability of its tokens.
    mean_logprob: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Elected:
    """What the paths say together."""

    #: The answer with the largest score; of equal ones the first; `None` where none was readable.
    answer: str | None
    #: Every answer with that score: each is the answer by an equal share.
    tied: tuple[str, ...]
    #: Answer -> its share of all scores, the largest first; they sum to one.
    confidences: Mapping[str, float]
    #: Places of the paths that were dropped.
    pruned: tuple[int, ...]


def elect(paths: Sequence[Path]) -> Elected:
    """The answer of the likeliest paths.

    Raises:
        RouterError: there is no path, or a log-probability is above zero or no number.
    """
    p = probabilities(paths)
    kept = keep(p)
    score_by_answer: dict[str, float] = {}
    seen: set[tuple[str, str]] = set()
    for path, own, is_kept in zip(paths, p.tolist(), kept.tolist(), strict=True):
        if path.answer is None:
            continue
        is_new = (path.expert, path.text) not in seen
        seen.add((path.expert, path.text))
        before = score_by_answer.get(path.answer, 0.0)
        score_by_answer[path.answer] = before + own * (is_kept and is_new)
    pruned = tuple(np.flatnonzero(~kept).tolist())
    return _elected(score_by_answer, pruned)


def probabilities(paths: Sequence[Path]) -> Probabilities:
    """What each path counts: `p` of one expert's; of several, the logistic of the standardised.

    An expert's middle path counts a half then, whoever it is, so that none outweighs the others by
    being surer of everything (CASCAL weighs votes like this).

    Returns:
        Shape [n_paths], in [0, 1].
    """
    if not paths:
        raise RouterError("perplexity consistency needs one path or more")
    for path in paths:
        if isnan(path.mean_logprob) or path.mean_logprob > _MAX_LOGPROB:
            raise RouterError(
                f"a path of expert {path.expert!r} has mean log-probability {path.mean_logprob}; "
                "it is 0 or less"
            )
    logprobs = np.array([path.mean_logprob for path in paths])
    experts = np.array([path.expert for path in paths])
    if len(set(experts.tolist())) == 1:
        return np.asarray(np.exp(np.minimum(logprobs, 0.0)))
    out = np.empty(len(paths))
    for name in np.unique(experts):
        out[experts == name] = _logistic(standardised(logprobs[experts == name]))
    return out


def standardised(logprobs: Probabilities) -> Probabilities:
    """Distances from the median in median absolute deviations: shape as given.

    All zero where most values are the same, so that there is nothing to measure by.
    """
    middle = np.median(logprobs)
    if not np.isfinite(middle):
        return np.zeros_like(logprobs)
    away = logprobs - middle
    deviation = float(np.median(np.abs(away))) * _MAD_TO_DEVIATION
    if not _LEAST_DEVIATION < deviation < np.inf:
        return np.zeros_like(logprobs)
    return np.asarray(away / deviation)


def keep(p: Probabilities) -> NDArray[np.bool_]:
    """Which paths stay: the likely ones, and whatever is at least as likely as the mean.

    Args:
        p: shape [n_paths], in [0, 1].
    """
    if len(np.unique(p)) < MIN_PRUNED:
        return np.ones(len(p), dtype=np.bool_)
    return np.asarray((fit_mixture(p).chance_high(p) >= 0.5) | (p >= p.mean()))


def _logistic(z: Probabilities) -> Probabilities:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -700, 700))))


def _elected(score_by_answer: Mapping[str, float], pruned: tuple[int, ...]) -> Elected:
    total = sum(score_by_answer.values())
    ordered = sorted(score_by_answer, key=lambda answer: -score_by_answer[answer])
    if not total:
        # Nothing readable, or nothing likely: all that is readable is as good.
        even = 1 / len(ordered) if ordered else 0.0
        confidences = dict.fromkeys(ordered, even)
    else:
        confidences = {answer: score_by_answer[answer] / total for answer in ordered}
    top = confidences[ordered[0]] if ordered else 0.0
    tied = tuple(answer for answer in ordered if top - confidences[answer] <= _CLOSE)
    return Elected(
        answer=tied[0] if tied else None, tied=tied, confidences=confidences, pruned=pruned
    )

"""Fits the weights of a blend on questions that none of its routers was fitted on.

Each router's scores are first brought to the scale of outcomes, then weighed so that differences
between experts are foretold best. Differences and not levels, as only they decide who is chosen.
Weights are pulled to equal ones, as strongly as foretells questions left out best: with few labels
equal weights are hard to beat (the forecast combination puzzle, Stock and Watson 2004). Least
squares on the simplex is convex; with eight routers at most, every set of routers with a weight
over zero is tried, so the answer is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .base import Prompts, Router, RouterError, Traits
from .blend import Scale
from .datasets import Answered
from .fit_neighbours import check_fittable, choice_metrics, groups_of

Table = NDArray[np.float64]

MAX_ROUTERS = 8
_NUM_FOLDS = 5
#: Weights under it are left out.
_LEAST_WEIGHT = 1e-3
_CHUNK = 256
#: How strongly weights are pulled to equal ones, beside what the scores themselves weigh.
_PULLS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedBlend:
    """Weights and scales, in the order of the routers."""

    weights: tuple[float, ...]
    scales: tuple[Scale, ...]
    metrics: dict[str, float]


def told_by(router: Router, table: Answered) -> Table:
    """Scores of a router, shape [n_questions, n_experts]; NaN where it is unsure or silent."""
    told = np.full(table.scores.shape, np.nan)
    column = {name: i for i, name in enumerate(table.experts)}
    for start in range(0, len(told), _CHUNK):
        part = table.examples[start : start + _CHUNK]
        prompts = Prompts(
            texts=[one.prompt for one in part],
            candidates=frozenset(table.experts),
            traits=[Traits(skills=one.skills or None, caller=one.id) for one in part],
        )
        for row, route in enumerate(router.route(prompts), start=start):
            if not route.is_fallback:
                for name, score in route.scores.items():
                    told[row, column[name]] = score
    return told


def fit_blend(told: Mapping[str, Table], table: Answered) -> FittedBlend:
    """The weights under which the routers together foretell outcomes best.

    Args:
        told: router id -> its scores, shape of `table.scores`.
        table: questions that no router was fitted on.

    Raises:
        RouterError: there are too few questions or too many routers, or one is never sure.
    """
    groups = groups_of(table.examples)
    check_fittable(table, groups)
    if not 2 <= len(told) <= MAX_ROUTERS:
        raise RouterError(f"{len(told)} routers; a blend takes 2 to {MAX_ROUTERS}")
    for name, own in told.items():
        if np.isnan(own).all():
            raise RouterError(f"router {name!r} is unsure of every question; leave it out")
    tables = list(told.values())
    left_out = np.empty(table.scores.shape)
    fold = groups % _NUM_FOLDS
    for number in sorted(set(fold.tolist())):
        is_in = fold != number
        scales, weights = _fitted([own[is_in] for own in tables], table.scores[is_in])
        left_out[~is_in] = blended([own[~is_in] for own in tables], scales, weights)
    scales, weights = _fitted(tables, table.scores)
    alone = {f"quality of {name}": _alone(own, table.scores) for name, own in told.items()}
    return FittedBlend(
        weights=weights,
        scales=scales,
        metrics=choice_metrics(left_out, table.scores) | alone,
    )


def blended(tables: Sequence[Table], scales: Sequence[Scale], weights: Sequence[float]) -> Table:
    """Weighed means over the routers that have a say; 0 where none has."""
    stack = np.stack([one.level + one.slope * own for one, own in zip(scales, tables, strict=True)])
    has_say = ~np.isnan(stack)
    shares = has_say * np.asarray(weights)[:, None, None]
    total = shares.sum(axis=0)
    told = (np.where(has_say, stack, 0.0) * shares).sum(axis=0)
    return np.asarray(np.divide(told, total, out=np.zeros_like(told), where=total > 0))


def _fitted(tables: Sequence[Table], scores: Table) -> tuple[tuple[Scale, ...], tuple[float, ...]]:
    scales = tuple(_scale(own, scores) for own in tables)
    differences = [
        _centred(np.where(np.isnan(own), np.nan, one.level + one.slope * own), scores)
        for one, own in zip(scales, tables, strict=True)
    ]
    return scales, _weights(np.stack(differences), _centred(scores, scores))


def _scale(own: Table, scores: Table) -> Scale:
    """Least squares of differences between experts; a score that says nothing gets slope 0."""
    theirs, ours = _centred(own, scores), _centred(scores, scores)
    slope = max(0.0, float((theirs * ours).sum()) / max(float((theirs**2).sum()), 1e-12))
    seen = ~np.isnan(own) & ~np.isnan(scores)
    level = float((scores[seen] - slope * own[seen]).mean()) if seen.any() else 0.0
    return Scale(level=round(level, 6), slope=round(slope, 6))


def _weights(told: Table, target: Table) -> tuple[float, ...]:
    """Weights of at least 0 that sum to 1, under the pull that foretells left-out questions best.

    Args:
        told: shape [n_routers, n_questions, n_experts], differences to the mean of each question.
        target: shape [n_questions, n_experts].
    """
    fold = np.arange(len(target)) % _NUM_FOLDS
    grams = [_gram(told[:, fold == number], target[fold == number]) for number in range(_NUM_FOLDS)]
    gram, cross = (np.sum(parts, axis=0) for parts in zip(*grams, strict=True))

    def error(pull: float) -> float:
        return sum(
            _error(_simplex(gram - own, cross - theirs, pull), own, theirs) for own, theirs in grams
        )

    best = _simplex(gram, cross, min(_PULLS, key=error))
    kept = np.where(best < _LEAST_WEIGHT, 0.0, best)
    return tuple(round(float(one), 4) for one in kept / kept.sum())


def _gram(told: Table, target: Table) -> tuple[Table, Table]:
    columns = told.reshape(len(told), -1)
    return columns @ columns.T, columns @ target.ravel()


def _error(weights: Table, gram: Table, cross: Table) -> float:
    """Squared error up to what no weights change."""
    return float(weights @ gram @ weights - 2 * cross @ weights)


def _centred(values: Table, scores: Table) -> Table:
    """Distance to the mean of each question over experts asked; 0 where unknown."""
    seen = ~np.isnan(values) & ~np.isnan(scores)
    kept = np.where(seen, values, 0.0)
    mean = kept.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return np.where(seen, kept - mean[:, None], 0.0)


def _simplex(gram: Table, cross: Table, pull: float) -> Table:
    """Weights of at least 0 that sum to 1 with the least squared error."""
    num = len(cross)
    # Scores alike for all experts weigh nothing; then equal weights it is.
    strength = pull * float(np.trace(gram)) / num + 1e-9
    pulled, towards = gram + strength * np.eye(num), cross + strength / num
    return min(_corners(pulled, towards), key=lambda it: _error(it, pulled, towards))


def _corners(gram: Table, cross: Table) -> Iterator[Table]:
    """Of each set of routers the best weights that sum to 1, where none is under 0."""
    num = len(cross)
    for size in range(1, num + 1):
        for kept in combinations(range(num), size):
            rows = list(kept)
            system = np.ones((size + 1, size + 1))
            system[:size, :size] = gram[np.ix_(rows, rows)]
            system[size, size] = 0.0
            found = np.linalg.lstsq(system, np.append(cross[rows], 1.0), rcond=None)[0][:size]
            if (found >= 0).all():
                weights = np.zeros(num)
                weights[rows] = found
                yield weights


def _alone(own: Table, scores: Table) -> float:
    """Quality of choosing by one router; where it is unsure, by the best single expert."""
    overall = np.nanmean(scores, axis=0)
    return choice_metrics(np.where(np.isnan(own), overall - 1, own), scores)["quality"]

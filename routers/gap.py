"""Whether several experts should answer together, by how far the best is ahead.

Rule (ours, after Self-MoA, Li 2025, arXiv:2502.00674): answers of weaker experts harm an
aggregation unless nobody dominates, so experts are mixed only while the predicted gap between the
first and the second is within one or two points.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isnan

from .base import RouterError

_POINTS = 100
#: Scores that differ by rounding alone are equal.
_ROUNDING = 1e-9


def gap_points(scores: Mapping[str, float]) -> float:
    """Points by which the best expert is ahead of the second; infinite for one alone.

    Args:
        scores: expected quality, in [0, 1].

    Raises:
        RouterError: there is no score, or one is no number.
    """
    first, second, *_ = [*_ordered(scores).values(), -inf]
    return (first - second) * _POINTS


def close_to_best(scores: Mapping[str, float], *, max_gap_points: float) -> tuple[str, ...]:
    """The experts that may answer together, best first; the best alone where it is ahead.

    Args:
        scores: expected quality, in [0, 1]; equal ones keep their order.
        max_gap_points: who is more points behind the best does not take part.

    Raises:
        RouterError: there is no score, one is no number, or the gap is negative.
    """
    if isnan(max_gap_points) or max_gap_points < 0:
        raise RouterError(f"the largest gap is {max_gap_points} points; it is 0 or more")
    ordered = _ordered(scores)
    best, *others = ordered
    least = ordered[best] - max_gap_points / _POINTS - _ROUNDING
    return (best, *(name for name in others if ordered[name] >= least))


def _ordered(scores: Mapping[str, float]) -> dict[str, float]:
    if not scores:
        raise RouterError("there is no score of any expert")
    if lost := sorted(name for name, score in scores.items() if isnan(score)):
        raise RouterError(f"the scores of experts {lost} are no numbers")
    return dict(sorted(scores.items(), key=lambda one: -one[1]))

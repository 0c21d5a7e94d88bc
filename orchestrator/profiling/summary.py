"""What a run found: how often each expert is right, and what its answers took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from routers.datasets import Outcome
from routers.resampling import Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One expert's share in a run."""

    expert: str
    #: Of the graded questions it was asked; a question with several answers counts by their mean.
    right: Share
    num_answers: int
    #: Answers that nothing could be read from.
    num_unread: int
    #: Questions that it could not be asked: too long, or against a provider's policy.
    num_faults: int
    tokens: int
    mean_seconds: float | None


def summary(outcomes: Sequence[Outcome]) -> tuple[Line, ...]:
    """A line for each expert, the best first."""
    by_expert: dict[str, list[Outcome]] = {}
    for one in outcomes:
        by_expert.setdefault(one.expert, []).append(one)
    lines = (_line(expert, own) for expert, own in by_expert.items())
    return tuple(sorted(lines, key=lambda line: (-line.right.value, line.expert)))


def _line(expert: str, outcomes: Sequence[Outcome]) -> Line:
    scores: dict[str, list[float]] = {}
    for one in outcomes:
        if not math.isnan(one.score):
            scores.setdefault(one.id, []).append(one.score)
    seconds = [one.seconds for one in outcomes if one.seconds is not None]
    return Line(
        expert=expert,
        right=Share(right=sum(map(fmean, scores.values())), asked=len(scores)),
        num_answers=len(outcomes),
        num_unread=sum(one.answer is None and not one.fault for one in outcomes),
        num_faults=sum(bool(one.fault) for one in outcomes),
        tokens=sum(one.tokens or 0 for one in outcomes),
        mean_seconds=fmean(seconds) if seconds else None,
    )

"""The best of several answers as judges see them: constraints first, scores second.

Source: the mixture of judges of CGPO, Xu 2024, arXiv:2409.20370: each judge of a constraint says
pass or fail by its own criterion, and only what passes is scored. Ours: where nothing passes, what
fails fewest goes on, and scores of several judges are standardised before their mean is taken,
since judges use their scales differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean, pstdev

from .base import RouterError

#: Spreads below this are of rounding: the judge told nobody apart.
_LEAST_SPREAD = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What judges say of one answer; every answer has the judges of all in the same order."""

    #: By constraint; `None` where its judge gave no verdict, which holds against nobody.
    passes: tuple[bool | None, ...] = ()
    #: By judge, each on its own scale, higher is better; `None` where it gave no score.
    scores: tuple[float | None, ...] = ()

    @property
    def num_failed(self) -> int:
        """Constraints that it fails."""
        return sum(verdict is False for verdict in self.passes)


def ranked(marks: Sequence[Marks]) -> tuple[int, ...]:
    """Places of the answers, best first: fewest constraints failed, then the mean score.

    Of two that are as good the one given first stands first. Scores are compared among those that
    fail as many constraints: what is out of the running moves no scale.

    Raises:
        RouterError: there is no answer, they differ in their judges, or a score is no number.
    """
    _check(marks)
    strength: dict[int, float] = {}
    for num_failed in {own.num_failed for own in marks}:
        places = [at for at, own in enumerate(marks) if own.num_failed == num_failed]
        found = mean_scores([marks[at].scores for at in places])
        strength.update(zip(places, found, strict=True))
    return tuple(
        sorted(strength, key=lambda at: (marks[at].num_failed, -round(strength[at], 9), at))
    )


def mean_scores(rows: Sequence[Sequence[float | None]]) -> tuple[float, ...]:
    """The mean over judges of an answer's standardised scores; 0 where nobody scored it.

    Args:
        rows: scores by answer, then by judge.
    """
    columns = [_standardised(column) for column in zip(*rows, strict=True)]
    by_answer = zip(*columns, strict=True) if columns else [()] * len(rows)
    known = [[score for score in own if score is not None] for own in by_answer]
    return tuple(fmean(own) if own else 0.0 for own in known)


def _standardised(column: Sequence[float | None]) -> list[float | None]:
    known = [score for score in column if score is not None]
    if not known:
        return list(column)
    middle, spread = fmean(known), pstdev(known)
    if spread < _LEAST_SPREAD:
        return [None if score is None else 0.0 for score in column]
    return [None if score is None else (score - middle) / spread for score in column]


def _check(marks: Sequence[Marks]) -> None:
    if not marks:
        raise RouterError("there is no answer to judge")
    shapes = {(len(own.passes), len(own.scores)) for own in marks}
    if len(shapes) != 1:
        raise RouterError(
            f"answers differ in how many constraints and judges they have: {sorted(shapes)}"
        )
    for at, own in enumerate(marks):
        if wrong := [one for one in own.scores if one is not None and not isfinite(one)]:
            raise RouterError(f"scores of answer {at} are no numbers: {wrong}")

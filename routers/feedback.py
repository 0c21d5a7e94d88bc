"""What callers say of answers, as counts beside those that a router was fitted on.

Judgements are kept apart from what was fitted, so each can be taken back: whoever counts the same
judgements at the same time gets the same numbers. They are bounded twice. Of one giver only so
many a day weigh, and in a router all that was said of an expert on a category or skill weighs at
most a share of what was measured there, so that no crowd outvotes the measurement.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .base import Router

_DAY_S = 24 * 3600
_MAX_SHARE = 0.5

#: Shape [n_labels, n_experts].
Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What somebody said of one answer of one expert."""

    #: The same answer judged again has the same id, and the last judgement counts.
    id: str
    #: Who says it, as far as is known.
    giver: str
    #: Id of the router that chose the expert.
    router: str
    expert: str
    #: Categories or skills that the router went by.
    labels: tuple[str, ...]
    #: 0 for wrong to 1 for right.
    score: float
    #: Unix time, seconds.
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much what callers say may weigh."""

    #: Judgements of one giver on one day (UTC) that weigh; the first ones.
    max_a_giver_and_day: int = 100
    #: Older ones weigh nothing.
    max_age_s: float = 90 * _DAY_S
    #: On a label an expert's judgements weigh at most this share of the questions that the
    #: router's experts were asked there on average.
    max_share: float = _MAX_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Judgements of one router's choices, counted."""

    #: (label, expert) -> judgements.
    asked: Mapping[tuple[str, str], float] = field(default_factory=dict)
    #: (label, expert) -> sum of their scores.
    right: Mapping[tuple[str, str], float] = field(default_factory=dict)
    max_share: float = _MAX_SHARE

    @property
    def version(self) -> str:
        """Eight digits that change with the counts; empty where there are none."""
        if not self.asked:
            return ""
        content = sorted((*key, self.asked[key], self.right[key]) for key in self.asked)
        return hashlib.sha256(repr((content, self.max_share)).encode()).hexdigest()[:8]

    def table(
        self, labels: Sequence[str], experts: Sequence[str], *, measured: Counts
    ) -> tuple[Counts, Counts]:
        """Counts to add to what was measured, each within its bound.

        Args:
            labels: rows; what is said of others is left out.
            experts: columns.
            measured: questions asked, shape [n_labels, n_experts].

        Returns:
            Asked and right, each of shape [n_labels, n_experts].
        """
        asked, right = np.zeros((2, len(labels), len(experts)))
        row, column = ({name: i for i, name in enumerate(names)} for names in (labels, experts))
        for (label, expert), count in self.asked.items():
            if label in row and expert in column:
                asked[row[label], column[expert]] = count
                right[row[label], column[expert]] = self.right[label, expert]
        most = self.max_share * measured.mean(axis=1, keepdims=True)
        scale = np.minimum(1.0, most / np.maximum(asked, 1e-9))
        return asked * scale, right * scale


def weighing(judgements: Iterable[Judgement], *, bounds: Bounds, now_s: float) -> list[Judgement]:
    """Those that weigh, oldest first: young enough, and among the first of their giver's day."""
    num_by_day: Counter[tuple[str, int]] = Counter()
    kept = []
    for one in sorted(judgements, key=lambda it: (it.at_s, it.id)):
        if one.at_s + bounds.max_age_s <= now_s:
            continue
        day = one.giver, int(one.at_s // _DAY_S)
        num_by_day[day] += 1
        if num_by_day[day] <= bounds.max_a_giver_and_day:
            kept.append(one)
    return kept


def tallies(judgements: Iterable[Judgement], *, bounds: Bounds, now_s: float) -> dict[str, Tally]:
    """The tally of each router that anything was said of.

    Args:
        judgements: in any order; the result is the same.
        bounds: how much they may weigh.
        now_s: Unix time, seconds.
    """
    asked: dict[str, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    right: dict[str, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    for one in weighing(judgements, bounds=bounds, now_s=now_s):
        for label in one.labels:
            asked[one.router][label, one.expert] += 1
            right[one.router][label, one.expert] += one.score
    return {
        name: Tally(asked=dict(own), right=dict(right[name]), max_share=bounds.max_share)
        for name, own in asked.items()
    }


@runtime_checkable
class Correctable(Protocol):
    """A fitted router that can take more counts than it was fitted on."""

    def corrected(self, tally: Tally) -> Router:
        """The router as it would be if these counts had been among its own."""
        ...

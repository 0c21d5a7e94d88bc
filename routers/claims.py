"""What a router claims beside what came of it: a reliability curve and its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .base import Route
from .trial import Floats

NUM_BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Choices that were claimed about equally sure."""

    #: Means over the bin, in [0, 1].
    claimed: float
    reached: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The score that each chosen expert was given, against what it reached."""

    #: The least sure first; empty ones are left out.
    bins: tuple[Bin, ...]

    @property
    def count(self) -> int:
        """Choices that were claimed anything of."""
        return sum(one.count for one in self.bins)

    @property
    def error(self) -> float:
        """Expected calibration error: mean gap of claimed and reached, weighed by size.

        Source: Guo 2017, arXiv:1706.04599; bins of equal width.
        """
        gaps = sum(one.count * abs(one.claimed - one.reached) for one in self.bins)
        return gaps / max(self.count, 1)


def claims_of(routes: Sequence[Route], reached: Floats) -> Claims | None:
    """What was claimed of first choices; those that went to the general expert claim nothing.

    Args:
        routes: one a question.
        reached: shape [n]; what the first choice reached.

    Returns:
        `None` for a router that claims nothing: without scores, or with none over zero.
    """
    kept = [
        (min(max(route.scores[route.chosen[0]], 0.0), 1.0), score)
        for route, score in zip(routes, reached.tolist(), strict=True)
        if not route.is_fallback and route.answer is None and route.chosen[0] in route.scores
    ]
    if not any(claimed for claimed, _ in kept):
        return None
    claimed, got = np.array(kept).T
    place = np.minimum((claimed * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    return Claims(
        bins=tuple(
            Bin(
                claimed=float(claimed[place == i].mean()),
                reached=float(got[place == i].mean()),
                count=int((place == i).sum()),
            )
            for i in sorted(set(place.tolist()))
        )
    )

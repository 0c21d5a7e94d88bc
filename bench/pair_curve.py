"""How well a score tells which questions need the strong one of two models, as RouteLLM counts it.

Source: RouteLLM, Ong 2024, arXiv:2406.18665, and `routellm/evals` of its repository. The questions
with the highest scores go to the strong model; the performance gap recovered (PGR) is the part of
the way from the weak model's accuracy to the strong one's. APGR is its mean over shares of calls,
by the trapezes between the tenths of the scores. CPT is the share of calls from which on a PGR is
reached; where a curve dips we take the first crossing, as their interpolation is not defined there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

#: Parts into which the scores are cut.
_NUM_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCurve:
    """Accuracy by share of questions that the strong model answers."""

    #: Shape [n_points], rising, in [0, 1].
    calls: Values
    #: Shape [n_points]; performance gap recovered.
    recovered: Values

    @classmethod
    def of(cls, scores: Values, weak: Values, strong: Values) -> PairCurve:
        """The curve of a score; all arrays have shape [n_questions].

        Args:
            scores: higher where the strong model is needed more.
            weak: 1 where the weak model is right, else 0.
            strong: the same for the strong one.
        """
        edges = np.quantile(scores, np.linspace(0, 1, _NUM_BINS + 1))
        takes = [scores >= edge for edge in edges[:-1]] + [scores > edges[-1]]
        gap = strong.mean() - weak.mean()
        calls = np.array([take.mean() for take in takes])
        reached = np.array([np.where(take, strong, weak).mean() for take in takes])
        order = np.argsort(calls, kind="stable")
        return cls(calls=calls[order], recovered=((reached - weak.mean()) / gap)[order])

    @property
    def apgr(self) -> float:
        """Average performance gap recovered; 0.5 by chance."""
        width = float(self.calls[-1] - self.calls[0])
        return float(np.trapezoid(self.recovered, self.calls)) / width

    def cpt(self, recovered: float) -> float:
        """Share of calls at which this part of the gap is first recovered, in percent."""
        above = np.flatnonzero(self.recovered >= recovered)
        if not len(above):
            return 100.0
        at = int(above[0])
        if at == 0:
            return 100 * float(self.calls[0])
        low, high = self.recovered[at - 1], self.recovered[at]
        part = (recovered - low) / (high - low)
        return 100 * float(self.calls[at - 1] + part * (self.calls[at] - self.calls[at - 1]))

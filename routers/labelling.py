"""Which label each text of a training set is learnt with, when some questions are left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .features import Features
from .nearest import GramSketch, vectors
from .training import UNLABELLED, Settings, TrainingSet


class Labels:
    """The labels that were given, spread over the texts without one where there are any.

    Args:
        data: questions and texts.
        seen: what the router sees of `data.texts`.
        settings: how labels are spread.
    """

    def __init__(self, data: TrainingSet, seen: Features, *, settings: Settings) -> None:
        self._data = data
        self._spreading = settings.spreading
        self._graph = (
            self._spreading.graph(vectors(seen, GramSketch(width=settings.spreading_sketch_width)))
            if data.unlabelled
            else None
        )

    def within(self, is_in: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Label of each text, shape [n_texts]; `UNLABELLED` where it is not learnt from.

        What is left out neither lends its label nor gets one: it is measured as new to the fit.

        Args:
            is_in: shape [n_known + n_unknown].
        """
        told = self._data.given(is_in)
        if self._graph is None:
            return told
        spread = self._spreading.spread(self._graph, told)
        spread[: len(is_in)][~is_in] = UNLABELLED
        return spread

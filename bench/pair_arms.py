"""Scores that say which questions need the strong one of two models, each told by others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routers.closest import nearest
from routers.datasets import Answered, Example
from routers.expected import fit_expected, fitted_strengths, left_out
from routers.fit_blend import blended, fit_blend
from routers.fit_neighbours import fit_kernel
from routers.kernel import Known, estimates

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

LENGTH, BLEND = "length of the prompt", "blend of linear map and neighbours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Questions that a weak and a strong model answered."""

    prompts: tuple[str, ...]
    subjects: tuple[str, ...]
    #: Shape [n, 2]; weak, strong; 1 where right.
    right: Values
    #: Kind of signals -> shape [n, n_signals].
    signals: Mapping[str, Values]
    #: Embedder -> shape [n, dim], rows of unit norm.
    vectors: Mapping[str, NDArray[np.float32]]

    def answered(self, rows: Rows) -> Answered:
        """Some of them, as a fit takes them."""
        examples = tuple(Example(id=str(i), prompt=self.prompts[i]) for i in rows.tolist())
        return Answered(examples=examples, experts=("weak", "strong"), scores=self.right[rows])


#: From a pair, rows to fit on and rows to tell, to expected scores of both: on those to tell, and
#: on those fitted on with each left out.
Tell = Callable[[Pair, Rows, Rows], tuple[Values, Values]]


def linear(kind: str) -> Tell:
    """Two linear maps from signals, pulled to the mean as strongly as foretells best."""

    def tell(pair: Pair, fit: Rows, test: Rows) -> tuple[Values, Values]:
        rows, right = pair.signals[kind], pair.right
        strengths = fitted_strengths(rows[fit], right[fit])
        model = fit_expected(rows[fit], right[fit], strengths)
        return model.accuracy(rows[test]), left_out(rows[fit], right[fit], strengths)

    return tell


def neighbours(name: str) -> Tell:
    """Kernel regression over the nearest questions."""

    def tell(pair: Pair, fit: Rows, test: Rows) -> tuple[Values, Values]:
        vectors = pair.vectors[name]
        fitted = fit_kernel(vectors[fit], pair.answered(fit))
        found = nearest(vectors[test], vectors[fit], k=fitted.kernel.k)
        return estimates(found, Known.of(pair.right[fit]), fitted.kernel), fitted.left_out

    return tell


def cross_validated(
    pair: Pair, tells: Mapping[str, Tell], *, num_folds: int, seed: int
) -> dict[str, Values]:
    """How much better the strong model is expected to be, shape [n] an arm; each told by others.

    The blend weighs the arms by what they tell of questions left out of their own fit, so that
    nothing of a fold is used to tell it.
    """
    num = len(pair.prompts)
    fold = np.random.default_rng(seed).permutation(num) % num_folds
    scores = {name: np.empty(num) for name in (*tells, BLEND)}
    for number in range(num_folds):
        fit, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        told = {name: tell(pair, fit, test) for name, tell in tells.items()}
        for name, (own, _) in told.items():
            scores[name][test] = _gain(own)
        scores[BLEND][test] = _gain(_blend(pair, fit, list(told.values())))
    scores[LENGTH] = np.array([float(len(prompt)) for prompt in pair.prompts])
    return scores


def _blend(pair: Pair, fit: Rows, told: Sequence[tuple[Values, Values]]) -> Values:
    known = {str(i): inner for i, (_, inner) in enumerate(told)}
    fitted = fit_blend(known, pair.answered(fit))
    return blended([own for own, _ in told], fitted.scales, fitted.weights)


def _gain(told: Values) -> Values:
    return np.asarray(told[:, 1] - told[:, 0])

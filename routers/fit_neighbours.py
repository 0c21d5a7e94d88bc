"""Fits the kernel of a neighbours router on questions that are left out in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .closest import Nearest, nearest
from .datasets import Answered, Example
from .embeddings import Embeddings
from .kernel import Kernel, Known, Sums, Table, estimates

KS = (8, 32, 128, 512)
#: A third of a neighbour's weight at this distance, one minus the cosine.
WIDTHS = (0.05, 0.1, 0.2, 0.5)
#: Strengths in questions of full weight.
STRENGTHS = tuple(float(it) for it in np.geomspace(0.01, 300.0, 19))
MIN_EXAMPLES = 20
#: Of the known questions, how many may count as unlike all others.
_UNLIKE_SHARE = 0.01
#: What may be missing of the least cosine where texts repeat one another up to rounding.
_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A kernel and what it makes of questions left out."""

    kernel: Kernel
    least_cosine: float
    #: Shape [n_questions, n_experts]; each told by the others.
    left_out: Table
    metrics: dict[str, float]


def groups_of(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Number of the group of each example: those of one group, or one text, are left out as one."""
    names = [
        f"group {it.group}" if it.group else f"text {' '.join(it.prompt.lower().split())}"
        for it in examples
    ]
    return np.unique(names, return_inverse=True)[1]


def fit_kernel(vectors: Embeddings, table: Answered) -> Fitted:
    """The kernel that foretells left-out questions best.

    Args:
        vectors: shape [n_examples, dim], rows of unit norm.
        table: what experts made of the examples.

    Raises:
        RouterError: there are too few questions or only one group, or nobody was asked one.
    """
    groups = groups_of(table.examples)
    check_fittable(table, groups)
    found = nearest(vectors, vectors, k=max(KS), groups=groups)
    known = Known.of(table.scores)
    kernel = min(
        (_strengths(found, known, k, width) for k, width in product(KS, WIDTHS)),
        key=lambda it: it[1],
    )[0]
    left_out = estimates(found, known, kernel)
    return Fitted(
        kernel=kernel,
        least_cosine=float(np.quantile(found.cosines.max(axis=1), _UNLIKE_SHARE)) - _ROUNDING,
        left_out=left_out,
        metrics=choice_metrics(left_out, table.scores),
    )


def check_fittable(table: Answered, groups: NDArray[np.int64]) -> None:
    """Refuse what nothing can be learned from.

    Raises:
        RouterError: there are too few questions, only one group, or a question nobody was asked.
    """
    num = len(table.examples)
    if num < MIN_EXAMPLES:
        raise RouterError(f"{num} questions; a fit takes {MIN_EXAMPLES} or more")
    if len(set(groups.tolist())) < 2:
        raise RouterError(f"all {num} questions are of one group or text; none can be left out")
    unasked = np.flatnonzero(np.isnan(table.scores).all(axis=1)).tolist()
    if unasked:
        rows = [table.examples[number].id for number in unasked[:10]]
        raise RouterError(
            f"{len(unasked)} questions have no outcome, such as {rows}; ask them, or leave them out"
        )


def choice_metrics(told: Table, scores: Table) -> dict[str, float]:
    """What choosing by `told` reaches, beside the best single expert, chance and hindsight.

    Args:
        told: shape [n_questions, n_experts], expected scores.
        scores: the same shape; NaN where an expert was not asked, which is never chosen.
    """
    is_asked = ~np.isnan(scores)
    chosen = np.where(is_asked, told, -np.inf).argmax(axis=1)
    counts = is_asked.sum(axis=0)
    overall = np.where(counts, np.nansum(scores, axis=0) / np.maximum(counts, 1), 0.0)
    single = np.where(is_asked, overall, -np.inf).argmax(axis=1)
    rows = np.arange(len(scores))
    return {
        "quality": float(scores[rows, chosen].mean()),
        "best_single": float(scores[rows, single].mean()),
        "random": float(np.nanmean(scores, axis=1).mean()),
        "oracle": float(np.nanmax(scores, axis=1).mean()),
        "squared_error": float(np.nanmean((told - scores) ** 2)),
    }


def _strengths(found: Nearest, known: Known, k: int, width: float) -> tuple[Kernel, float]:
    """The best strengths at one `k` and width, and their error on questions left out."""
    sums = Sums.of(found, known, Kernel(k=k, width=width, difficulty=1, difference=1))
    asked = known.is_asked

    def difficulty_error(strength: float) -> float:
        gaps = sums.expected_ease(strength)[:, 0] - known.ease
        return float((asked.sum(axis=1) * gaps**2).sum() / asked.sum())

    def difference_error(strength: float) -> float:
        gaps = (sums.expected_difference(strength) - known.difference) * asked
        return float((gaps**2).sum() / asked.sum())

    difficulty = min(STRENGTHS, key=difficulty_error)
    difference = min(STRENGTHS, key=difference_error)
    kernel = Kernel(k=k, width=width, difficulty=difficulty, difference=difference)
    # Who is chosen hangs on the differences alone; difficulty only breaks ties between kernels.
    return kernel, difference_error(difference) + 0.1 * difficulty_error(difficulty)

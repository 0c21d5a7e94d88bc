"""A cascade on recorded answers: three small models that agree, else a large one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.answer_table import AnswerTable, read_answers
from bench.report import Outcome
from bench.routing_answers import halves
from bench.setup import Setup
from routers.acceptance import Costs, Judged, curve, for_quality, judged_by_agreement
from routers.base import RouterError
from routers.datasets import Outcome as Said
from routers.resampling import intervals

CASCADE = "cascade"
CHEAP = ("Phi-3-mini-4k-instruct", "mathstral-7B", "Meta-Llama-3_1-8B-Instruct")
STRONG = "Meta-Llama-3_1-70B-Instruct"
#: Active parameters of all cheap models and of the strong one, billions (mmlu_pro_models.csv).
COSTS = Costs(cheap=19.0, strong=70.0)
#: Parts of the strong model's quality that are to be kept.
_KEPT = (0.95, 0.98, 1.0)
_NUM_SPLITS = 3


def measure_cascade(_: Setup) -> Outcome:
    """Tau fitted on half of the `open` questions for three qualities, tried on the rest.

    Raises:
        BenchError: there are no answers to read.
    """
    table = read_answers().of((*CHEAP, STRONG))
    splits = [halves(table, seed=seed) for seed in range(_NUM_SPLITS)]
    sides = [(judged(table, fit), judged(table, test)) for fit, test in splits]
    questions = np.concatenate([test for _, test in splits])
    figures: dict[str, Any] = {}
    rows = []
    for kept in _KEPT:
        tried = np.concatenate([_tried(fit, test, kept) for fit, test in sides])
        found = intervals(tried, questions)
        name = f"{kept:.0%} of the strong model's accuracy"
        figures[name] = dict(zip(("right", "cost", "taken"), map(asdict, found), strict=True))
        right, cost, taken = found
        shown = f"{right.mean:.2f} ({right.low:.2f} to {right.high:.2f}) %"
        how = f"{shown}, {cost.mean:.1f} B active, {taken.mean:.0f} % taken"
        rows.append((f"{CASCADE}: {name}", how))
    strong = 100 * float(np.mean([test.strong.mean() for _, test in sides]))
    cheap = 100 * float(np.mean([test.cheap.mean() for _, test in sides]))
    rows.append((f"{CASCADE}: strong alone, {COSTS.strong:g} B", f"{strong:.2f} %"))
    rows.append((f"{CASCADE}: the cheap ones alone, {COSTS.cheap:g} B", f"{cheap:.2f} %"))
    return Outcome(values={}, figures={**figures, "strong": strong, "cheap": cheap}, rows=rows)


def judged(table: AnswerTable, rows: NDArray[np.int64]) -> Judged:
    """What both sides made of these questions."""
    outcomes = [
        Said(
            id=str(row),
            expert=model,
            score=float(table.right[row, column]),
            answer=None if table.answers[row, column] < 0 else str(table.answers[row, column]),
        )
        for row in rows.tolist()
        for column, model in enumerate(table.models)
    ]
    return judged_by_agreement(outcomes, cheap=CHEAP, strong=STRONG, costs=COSTS)


def _tried(fit: Judged, test: Judged, kept: float) -> NDArray[np.float64]:
    """Per cent right, cost and per cent taken of each question tried: shape [n, 3]."""
    points = curve(fit)
    try:
        tau = for_quality(kept * float(fit.strong.mean()))(points).tau
    except RouterError:
        tau = points[-1].tau  # nothing is taken
    takes = test.confidence >= tau
    return np.stack(
        [
            100 * np.where(takes, test.cheap, test.strong),
            test.cheap_cost + np.where(takes, 0.0, test.strong_cost),
            100.0 * takes,
        ],
        axis=1,
    )

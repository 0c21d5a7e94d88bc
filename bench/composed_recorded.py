"""Compositions on recorded answers: real programs and `replay` engines, without a model.

Questions are split in half by category; what routers know was learned from one half, what is
reported is of the other, over the draws of `SEEDS`. Chance, the best model, the best of each
category and the oracle are of the same halves: a draw moves all of them by half a point.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.answer_table import LETTERS, AnswerTable, answers_file, read_answers
from bench.recorded_meaning import meaning_figures
from bench.recorded_programs import (
    KnownScores,
    Recorded,
    ScoreTable,
    asked_of,
    engines_of,
    registry_of,
)
from bench.recorded_scores import Learned, Rows, Table, halves, learned
from bench.report import Outcome, Target
from bench.routing_answers import BALANCED, embedder_of
from bench.setup import Setup
from orchestrator.compositions.programs import Programs
from routers.resampling import intervals
from routers.signals import Signals

RECORDED = "recorded"
#: Of the halves.
SEEDS = (0, 1, 2)
_NUM_VOTERS = 5

RANDOM, SINGLE, CATEGORY, ORACLE = "random", "best single", "best per category", "oracle"
VOTE, WEIGHED = "vote of the best five", "vote of the best five, weighed by category"
ROUTED, POSTERIOR = "routed vote of five, by category", "routed vote, weighed by the posterior"
_VOTE_BAR, _ROUTED_BAR = f"{RECORDED}: {WEIGHED}", f"{RECORDED}: {POSTERIOR}"
#: What the README of the recorded answers measured.
RECORDED_TARGETS = (
    Target(name=_VOTE_BAR, sense=">=", limit=56.3, unit="%"),
    Target(name=_ROUTED_BAR, sense=">=", limit=57.6, unit="%"),
)

#: The one composition of each program.
_ASKED = "asked"
_FIVE = {"kind": "vote", "samples": 1, "experts": _NUM_VOTERS, "answers": "option"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A composition with what its router says of each question."""

    name: str
    #: Its entry in the registry, without the router.
    entry: Mapping[str, Any]
    scores: Table
    #: Shape [n_test, k]; models that the router chooses, best first.
    order: Rows

    def programs(
        self, table: AnswerTable, test: Rows, *, answers: Path, recorded: Recorded
    ) -> Programs:
        """Programs of this one composition over all recorded models."""
        entry = {**self.entry, "router": "known"}
        known = ScoreTable(models=table.models, scores=self.scores, order=self.order)
        prompts = [table.prompts[row] for row in test]
        return Programs(
            registry_of(table.models, answers, {_ASKED: entry}),
            generation=1,
            routers={"known": KnownScores(prompts, known)},
            dispatch=recorded,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One draw: what became of each question by each arm."""

    #: Shape [n_test]; rows of the table.
    rows: Rows
    #: Arm -> shape [n_test], 1 where it was right.
    right: Mapping[str, Table]
    #: Arm -> mean calls of a question.
    calls: Mapping[str, float]
    learned: Learned


def measure_recorded(setup: Setup) -> Outcome:
    """Every arm on every draw.

    Raises:
        BenchError: there are no answers to read.
    """
    table, embedder = read_answers().of(BALANCED), embedder_of(setup)
    skills = list(zip(table.categories, table.subjects, strict=True))
    rows = Signals.of(table.prompts, skills, embedder=embedder).rows(table.prompts, skills)
    found = outcome_of(asyncio.run(tried_on(table, rows, answers_file(), seeds=SEEDS)))
    meaning = meaning_figures(table.prompts, embedder)
    told = [
        (f"{RECORDED}: pairs of options joined by meaning, {name}", _shown(own))
        for name, own in meaning.items()
    ]
    figures = {**found.figures, "meaning": meaning}
    return Outcome(values=found.values, figures=figures, rows=[*found.rows, *told])


async def tried_on(
    table: AnswerTable, signals: Table, answers: Path, *, seeds: Sequence[int]
) -> list[Tried]:
    """The draws of these seeds.

    Args:
        table: of the pool.
        signals: shape [n, n_signals], of every question.
        answers: file that the engines read.
        seeds: of the halves.
    """
    recorded = engines_of(registry_of(table.models, answers, {}))
    try:
        return [await _tried(table, signals, recorded, answers, seed=seed) for seed in seeds]
    finally:
        await recorded.close()


def outcome_of(tried: Sequence[Tried]) -> Outcome:
    """Means over all draws, with intervals by question."""
    arms = list(tried[0].right)
    right = np.stack([np.concatenate([one.right[arm] for one in tried]) for arm in arms], axis=1)
    questions = np.concatenate([one.rows for one in tried])
    found = dict(zip(arms, intervals(right * 100, questions), strict=True))
    calls = {arm: float(np.mean([one.calls[arm] for one in tried])) for arm in arms}
    told = {
        arm: f"{own.mean:.2f} % ({own.low:.2f} to {own.high:.2f}), {calls[arm]:.2f} calls"
        for arm, own in found.items()
    }
    return Outcome(
        values={_VOTE_BAR: found[WEIGHED].mean, _ROUTED_BAR: found[POSTERIOR].mean},
        figures={
            "seeds": list(SEEDS),
            "questions": [len(one.rows) for one in tried],
            "right": {arm: asdict(own) for arm, own in found.items()},
            "by_draw": {arm: [float(one.right[arm].mean() * 100) for one in tried] for arm in arms},
            "calls": calls,
            "chosen": [one.learned.figures() for one in tried],
        },
        rows=[(f"{RECORDED}: {arm}", text) for arm, text in told.items()],
    )


def arms_of(known: Learned) -> list[Arm]:
    """The votes that are held, each over what was learned."""
    num_test, num_models = known.expected.shape
    same = np.tile(np.argsort(-known.overall, kind="stable")[:_NUM_VOTERS], (num_test, 1))
    overall = np.tile(known.overall, (num_test, 1))
    posterior = {
        "kind": "ensemble",
        "experts": min(known.top_k, num_models),
        "sharpness": known.sharpness,
        "answers": "option",
    }
    return [
        Arm(name=VOTE, entry=_FIVE, scores=overall, order=same),
        Arm(name=WEIGHED, entry={**_FIVE, "weigh": "score"}, scores=known.shrunken, order=same),
        Arm(name=ROUTED, entry=_FIVE, scores=known.category, order=_best(known.category)),
        Arm(name=POSTERIOR, entry=posterior, scores=known.expected, order=_best(known.expected)),
    ]


def baselines(right: Table, known: Learned) -> dict[str, Table]:
    """What needs no composition: one call a question, and hindsight.

    Args:
        right: shape [n_test, n_models].
        known: what was learned from the other half.
    """
    rows = np.arange(len(right))
    return {
        RANDOM: right.mean(axis=1),
        SINGLE: right[:, known.overall.argmax()],
        CATEGORY: right[rows, known.category.argmax(axis=1)],
        ORACLE: right.max(axis=1),
    }


async def _tried(
    table: AnswerTable, signals: Table, recorded: Recorded, answers: Path, *, seed: int
) -> Tried:
    fit, test = halves(table, seed=seed)
    known = learned(table, signals, fit=fit, test=test)
    right = baselines(table.right[test], known)
    calls = {RANDOM: 1.0, SINGLE: 1.0, CATEGORY: 1.0, ORACLE: float(len(table.models))}
    gold = [LETTERS[option] for option in table.gold[test]]
    for arm in arms_of(known):
        programs = arm.programs(table, test, answers=answers, recorded=recorded)
        asked = [await asked_of(programs, _ASKED, table.prompts[row]) for row in test]
        is_right = [one.answer == letter for one, letter in zip(asked, gold, strict=True)]
        right[arm.name] = np.array(is_right, dtype=np.float64)
        calls[arm.name] = float(np.mean([one.num_calls for one in asked]))
    return Tried(rows=test, right=right, calls=calls, learned=known)


def _shown(own: Mapping[str, float]) -> str:
    different, same = own["different joined, %"], own["same joined, %"]
    return f"{different:.2f} % of different ones, {same:.2f} % of the same"


def _best(scores: Table) -> Rows:
    """Every model in the order of its scores: whoever is asked are the first of them."""
    return np.argsort(-scores, axis=1, kind="stable")

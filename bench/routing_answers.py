"""Routers fitted and tried on recorded answers: few labels, and half of what there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.answer_table import AnswerTable, read_answers
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.routing_arms import (
    ONE_CALL,
    SINGLE,
    SMALLEST,
    VOTE,
    Arm,
    Trial,
    map_arms,
    recruiting_arms,
    single_arms,
    symbolic_arms,
    unlabelled_arms,
)
from bench.routing_turns import AS_GOOD, turn_arms
from bench.setup import Setup
from routers.artifacts import load_router
from routers.embeddings import Embedder
from routers.resampling import Interval, intervals
from routers.signals import Signals

#: No model is best at everything.
BALANCED = (
    "Mixtral-8x7B-Instruct-v0.1", "mathstral-7B", "Phi-3-mini-4k-instruct", "Yi-34B",
    "Meta-Llama-3_1-8B-Instruct", "Meta-Llama-3-8B-Instruct", "c4ai-command-r-v01",
    "Qwen1.5-72B-Chat", "Qwen1.5-110B", "jamba-1.5-large",
)  # fmt: skip
POOLS = {"balanced": BALANCED, "dominant": (*BALANCED, "gpt-4o-2024-05-13")}
#: Whose static embedding is read.
ARTIFACT = "deploy/demo/routers/topic"
_NUM_SPLITS = 3

FEW, HALF = "few labels", "half"
_GAIN = f"{FEW}, balanced: one call over the best single expert"
_LOSS = f"{FEW}, dominant: one call over the best single expert"
_ONE, _THREE, _FIVE = (
    f"{HALF}, balanced: {arm}" for arm in (ONE_CALL, VOTE.format(3), VOTE.format(5))
)
_SAME, _CALLS = f"{HALF}, balanced: smallest k over five", f"{HALF}, balanced: calls of smallest k"
FEW_TARGETS = (
    Target(name=_GAIN, sense=">=", limit=1.0, unit="points"),
    Target(name=_LOSS, sense=">=", limit=-0.3, unit="points"),
)
HALF_TARGETS = (
    Target(name=_ONE, sense=">=", limit=53.5, unit="%"),
    Target(name=_THREE, sense=">=", limit=56.5, unit="%"),
    Target(name=_FIVE, sense=">=", limit=58.0, unit="%"),
    # At the accuracy of five: the slack that one call has against the best single expert.
    Target(name=_SAME, sense=">=", limit=-0.3, unit="points"),
    Target(name=_CALLS, sense="<", limit=5.0, unit="calls"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The arms of one pool, over all of its splits."""

    #: Percent right, by arm.
    right: Mapping[str, Interval]
    #: Points over the arm it is named after.
    gain: Mapping[str, Interval]
    calls: Mapping[str, float]
    #: What was chosen on the labels, by split.
    chosen: Sequence[Mapping[str, Any]]

    def rows(self, title: str) -> list[tuple[str, str]]:
        """For the table."""
        return [
            (f"{title}: {arm}", f"{_shown(self.right[arm])} %, {self.calls[arm]:.2f} calls")
            for arm in self.right
        ] + [(f"{title}: {name}", f"{_shown(found)} points") for name, found in self.gain.items()]


def measure_few(setup: Setup) -> Outcome:
    """Fitted on the questions of `val`, tried on all others.

    Raises:
        BenchError: there are no answers to read.
    """
    table = read_answers()
    embedder = embedder_of(setup)
    signals = signals_of(table, embedder)
    is_val = np.array(table.splits) == "val"
    split = (np.flatnonzero(is_val), np.flatnonzero(~is_val))
    found = {
        name: measure(table.of(pool), signals, [split], embedder=embedder)
        for name, pool in POOLS.items()
    }
    gain = f"{ONE_CALL} over {SINGLE}"
    return _outcome(
        FEW,
        found,
        values={
            _GAIN: found["balanced"].gain[gain].mean,
            _LOSS: found["dominant"].gain[gain].mean,
        },
    )


def measure_half(setup: Setup) -> Outcome:
    """Fitted on half of the `open` questions, tried on the rest; three draws of halves.

    Raises:
        BenchError: there are no answers to read.
    """
    table = read_answers()
    embedder = embedder_of(setup)
    signals = signals_of(table, embedder)
    splits = [halves(table, seed=seed) for seed in range(_NUM_SPLITS)]
    found = {
        name: measure(table.of(pool), signals, splits, embedder=embedder)
        for name, pool in POOLS.items()
    }
    balanced = found["balanced"]
    return _outcome(
        HALF,
        found,
        values={
            _ONE: balanced.right[ONE_CALL].mean,
            _THREE: balanced.right[VOTE.format(3)].mean,
            _FIVE: balanced.right[VOTE.format(5)].mean,
            _SAME: balanced.gain[f"{SMALLEST} over {VOTE.format(5)}"].mean,
            _CALLS: balanced.calls[SMALLEST],
        },
    )


def embedder_of(setup: Setup) -> Embedder:
    """The static embedding that ships."""
    return load_router(setup.root / ARTIFACT, fallback="generalist").features.embedder


def signals_of(table: AnswerTable, embedder: Embedder) -> dict[str, NDArray[np.float64]]:
    """What is known of each question, without and with its meaning; no label is read."""
    skills = list(zip(table.categories, table.subjects, strict=True))
    kinds = {"skills and looks": None, "skills, looks and static embedding": embedder}
    return {
        kind: Signals.of(table.prompts, skills, embedder=one).rows(table.prompts, skills)
        for kind, one in kinds.items()
    }


def halves(table: AnswerTable, *, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The `open` questions in two, half of each category in either.

    Raises:
        BenchError: there are none.
    """
    categories = np.where(np.array(table.splits) == "open", table.categories, "")
    dice = np.random.default_rng(seed)
    fit: list[int] = []
    test: list[int] = []
    for name in sorted(set(categories) - {""}):
        rows = dice.permutation(np.flatnonzero(categories == name)).tolist()
        fit += rows[: len(rows) // 2]
        test += rows[len(rows) // 2 :]
    if not fit:
        raise BenchError("the answers have no questions of the split 'open'")
    return np.array(sorted(fit)), np.array(sorted(test))


def measure(
    table: AnswerTable,
    signals: Mapping[str, NDArray[np.float64]],
    splits: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    *,
    embedder: Embedder,
) -> Measured:
    """All arms of one pool."""
    per_split: list[dict[str, Arm]] = []
    chosen = []
    for fit, test in splits:
        trial = Trial(table=table, signals=signals, fit=fit, test=test, embedder=embedder)
        recruited, choice = recruiting_arms(trial)
        arms = single_arms(trial) | map_arms(trial) | unlabelled_arms(trial)
        arms |= symbolic_arms(trial) | recruited | turn_arms(trial, choice)
        per_split.append(arms)
        chosen.append(choice.figures())
    names = list(per_split[0])
    right = {name: np.concatenate([arms[name].right for arms in per_split]) * 100 for name in names}
    five = VOTE.format(5)
    pairs = [(ONE_CALL, SINGLE), (SMALLEST, five), (AS_GOOD, five)]
    gains = {f"{one} over {other}": right[one] - right[other] for one, other in pairs}
    spread = partial(_intervals, questions=np.concatenate([test for _, test in splits]))
    return Measured(
        right=spread(right),
        gain=spread(gains),
        calls={
            name: float(np.concatenate([arms[name].calls for arms in per_split]).mean())
            for name in names
        },
        chosen=chosen,
    )


def _intervals(
    columns: Mapping[str, NDArray[np.float64]], *, questions: NDArray[np.int64]
) -> dict[str, Interval]:
    found = intervals(np.stack(list(columns.values()), axis=1), questions)
    return dict(zip(columns, found, strict=True))


def _outcome(part: str, found: Mapping[str, Measured], *, values: Mapping[str, float]) -> Outcome:
    rows = [row for name, one in found.items() for row in one.rows(f"{part}, {name}")]
    return Outcome(
        values=values, figures={name: asdict(one) for name, one in found.items()}, rows=rows
    )


def _shown(found: Interval) -> str:
    return f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f})"

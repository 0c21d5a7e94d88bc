"""The static embedding and MiniLM beside each other, wherever a router reads meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from bench.answer_table import AnswerTable, read_answers
from bench.report import Outcome
from bench.routing_answers import POOLS, embedder_of, halves
from bench.routing_arms import Arm, Flags, Rows, Trial, one_call_by, single_arms, symbolic_arms
from bench.setup import Setup
from routers.embeddings import Embedder, MiniLMEmbedding
from routers.resampling import Interval, intervals
from routers.signals import Signals

EMBEDDINGS = "embeddings"
_BEST = "best single"
_NUM_SPLITS = 3


def measure_embeddings(setup: Setup) -> Outcome:
    """One call and Symbolic-MoE under either embedder; MiniLM reads for some ten minutes.

    Raises:
        BenchError: there are no answers to read.
        RouterError: MiniLM is not installed.
    """
    table = read_answers()
    embedders = {"static": embedder_of(setup), "MiniLM": MiniLMEmbedding.installed()}
    signals = signals_by_name(table, embedders)
    is_val = np.array(table.splits) == "val"
    few = [(np.flatnonzero(is_val), np.flatnonzero(~is_val))]
    labels = {"few labels": few, "half": [halves(table, seed=seed) for seed in range(_NUM_SPLITS)]}
    found: dict[str, dict[str, Interval]] = {}
    for pool, models in POOLS.items():
        own = table.of(models)
        for name, splits in labels.items():
            found[f"{name}, {pool}"] = compared(own, signals, splits, embedders=embedders)
    return Outcome(values={}, figures=_plain(found), rows=_rows(found))


def signals_by_name(table: AnswerTable, embedders: Mapping[str, Embedder]) -> dict[str, Flags]:
    """Meaning beside skills and looks, and meaning alone, under each embedder."""
    skills = list(zip(table.categories, table.subjects, strict=True))
    found: dict[str, Flags] = {}
    for name, embedder in embedders.items():
        rows = Signals.of(table.prompts, skills, embedder=embedder).rows(table.prompts, skills)
        found["skills and looks"] = rows[:, : -embedder.dim]
        found[f"skills, looks and {name}"] = rows
        found[f"{name} alone"] = rows[:, -embedder.dim :]
    return found


def compared(
    table: AnswerTable,
    signals: Mapping[str, Flags],
    splits: Sequence[tuple[Rows, Rows]],
    *,
    embedders: Mapping[str, Embedder],
) -> dict[str, Interval]:
    """Per cent right of each arm, over all splits."""
    per_split = []
    for fit, test in splits:
        embedder = next(iter(embedders.values()))
        trial = Trial(table=table, signals=signals, fit=fit, test=test, embedder=embedder)
        arms = {_BEST: single_arms(trial)[_BEST]}
        arms |= {f"one call, {kind}": one_call_by(trial, kind) for kind in signals}
        arms |= _symbolic(trial, embedders)
        per_split.append(arms)
    names = list(per_split[0])
    columns = [np.concatenate([arms[name].right for arms in per_split]) * 100 for name in names]
    questions = np.concatenate([test for _, test in splits])
    return dict(zip(names, intervals(np.stack(columns, axis=1), questions), strict=True))


def _symbolic(trial: Trial, embedders: Mapping[str, Embedder]) -> dict[str, Arm]:
    """Subjects that no label names are read as the nearest, by either embedder."""
    return {
        f"{arm}, nearest by {name}": found
        for name, embedder in embedders.items()
        for arm, found in symbolic_arms(replace(trial, embedder=embedder)).items()
    }


def _plain(found: Mapping[str, Mapping[str, Interval]]) -> dict[str, Any]:
    return {title: {arm: asdict(one) for arm, one in arms.items()} for title, arms in found.items()}


def _rows(found: Mapping[str, Mapping[str, Interval]]) -> list[tuple[str, str]]:
    return [
        (f"{EMBEDDINGS}, {title}: {arm}", f"{one.mean:.2f} ({one.low:.2f} to {one.high:.2f}) %")
        for title, arms in found.items()
        for arm, one in arms.items()
    ]

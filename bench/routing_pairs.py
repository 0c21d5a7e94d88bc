"""RouteLLM's task of two models: which questions need gpt-4, cross-validated on their answers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.answer_table import VARIABLE
from bench.pair_arms import BLEND, LENGTH, Pair, Tell, cross_validated, linear, neighbours
from bench.pair_curve import PairCurve
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.routing_answers import embedder_of
from bench.setup import Setup
from routers.embeddings import MiniLMEmbedding
from routers.resampling import Interval
from routers.signals import MEANING_NORM, Signals

Values = NDArray[np.float64]

PAIRS = "two models"
FILE, PUBLISHED = "routellm_labelled.parquet", "published_results.json"
#: Data set -> its table of published results.
TASKS = {"mmlu": "RouteLLM_T2_MMLU", "gsm8k": "RouteLLM_T3_GSM8K"}
_STRONG = "gpt-4-1106-preview"
_COLUMNS = ("prompt_id", "dataset", "category", "prompt", "model", "score")
_NUM_FOLDS, _NUM_REPEATS, _NUM_DRAWS = 10, 3, 400
_APGR = f"{PAIRS}, {{}}: APGR of the blend"
PAIRS_TARGETS = (
    Target(name=_APGR.format("mmlu"), sense=">=", limit=0.65),
    Target(name=_APGR.format("gsm8k"), sense=">=", limit=0.60),
)

_SUBJECT, _LOOKS = "subject", "subject and looks"
_MEANING = "subject, looks and {}"
_ARMS: dict[str, Tell] = {
    **{f"linear: {kind}": linear(kind) for kind in (_SUBJECT, _LOOKS)},
    **{f"linear: {(kind := _MEANING.format(name))}": linear(kind) for name in ("static", "minilm")},
    **{f"neighbours: {name}": neighbours(name) for name in ("static", "minilm")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFigures:
    """One arm on one task."""

    apgr: Interval
    #: Percent of calls that go to the strong model where so much of the gap is recovered.
    cpt50: float
    cpt80: float


def measure_pairs(setup: Setup) -> Outcome:
    """Every arm on both tasks, three times cross-validated, beside what RouteLLM published.

    Raises:
        BenchError: there are no answers to read.
    """
    folder = answers_folder()
    figures: dict[str, Any] = {}
    rows: list[tuple[str, str]] = []
    values = {}
    for task, table in TASKS.items():
        pair = read_pair(folder / FILE, task, setup)
        found = measured(pair)
        figures[task] = {name: asdict(one) for name, one in found.items()}
        figures[task]["published"] = _published(folder / PUBLISHED, table)
        values[_APGR.format(task)] = found[BLEND].apgr.mean
        rows += [(f"{PAIRS}, {task}: {name}", _shown(one)) for name, one in found.items()]
        rows += [
            (f"{PAIRS}, {task}: published {one['router']} ({one['training']})", _told(one))
            for one in figures[task]["published"]
        ]
    return Outcome(values=values, figures=figures, rows=rows)


def measured(pair: Pair) -> dict[str, PairFigures]:
    """Each arm's figures: means over repeated cross-validations, questions drawn anew."""
    runs = [
        cross_validated(pair, _ARMS, num_folds=_NUM_FOLDS, seed=seed)
        for seed in range(_NUM_REPEATS)
    ]
    return {
        name: figures_of([run[name] for run in runs], pair.right)
        for name in (LENGTH, *_ARMS, BLEND)
    }


def figures_of(scores: list[Values], right: Values) -> PairFigures:
    """One arm: its mean over repeats, with an interval over questions drawn with replacement."""
    weak, strong = right[:, 0], right[:, 1]
    curves = [PairCurve.of(own, weak, strong) for own in scores]
    dice = np.random.default_rng(0)
    draws = []
    for number in range(_NUM_DRAWS):
        rows = dice.integers(0, len(right), len(right))
        own = scores[number % len(scores)][rows]
        draws.append(PairCurve.of(own, weak[rows], strong[rows]).apgr)
    low, high = np.quantile(draws, [0.025, 0.975])
    mean = float(np.mean([curve.apgr for curve in curves]))
    return PairFigures(
        apgr=Interval(mean=mean, low=float(low), high=float(high)),
        cpt50=float(np.mean([curve.cpt(0.5) for curve in curves])),
        cpt80=float(np.mean([curve.cpt(0.8) for curve in curves])),
    )


def read_pair(path: Path, task: str, setup: Setup) -> Pair:
    """The questions of one data set, with signals of each that read no label.

    Raises:
        BenchError: the file is not there or lacks a column.
    """
    prompts, subjects, right = _table(path, task)
    static, minilm = embedder_of(setup), MiniLMEmbedding.installed()
    vectors = {"static": static.embed(prompts), "minilm": minilm.embed(prompts)}
    skills = [(subject,) for subject in subjects]
    looks = Signals.of(prompts, skills, embedder=None).rows(prompts, skills)
    num_subjects = len(set(subjects))
    signals = {_SUBJECT: looks[:, :num_subjects], _LOOKS: looks}
    for name, rows in vectors.items():
        signals[_MEANING.format(name)] = np.hstack([looks, rows * MEANING_NORM])
    return Pair(
        prompts=tuple(prompts),
        subjects=tuple(subjects),
        right=right,
        signals=signals,
        vectors=vectors,
    )


def answers_folder() -> Path:
    """The folder of recorded answers.

    Raises:
        BenchError: the environment names none.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        raise BenchError(f"{VARIABLE} is not set; name the folder that holds {FILE}")
    return Path(folder)


def _table(path: Path, task: str) -> tuple[list[str], list[str], Values]:
    if not path.is_file():
        raise BenchError(f"{str(path)!r} is not there; {VARIABLE} must name its folder")
    from pyarrow import ArrowException, parquet

    try:
        read = parquet.read_table(path)
    except (ArrowException, OSError, ValueError) as exc:
        raise BenchError(f"{str(path)!r} cannot be read as labelled answers: {exc}") from exc
    if absent := sorted(set(_COLUMNS) - set(read.column_names)):
        raise BenchError(f"{str(path)!r} lacks the columns {absent}")
    found: dict[str, tuple[str, str, list[float]]] = {}
    for row in read.select(list(_COLUMNS)).to_pylist():
        if row["dataset"] == task:
            own = found.setdefault(row["prompt_id"], (row["prompt"], row["category"], [0.0, 0.0]))
            own[2][int(row["model"] == _STRONG)] = float(row["score"])
    if not found:
        raise BenchError(f"{str(path)!r} has no questions of {task!r}")
    prompts, subjects, right = zip(*(found[key] for key in sorted(found)), strict=True)
    return list(prompts), list(subjects), np.array(right)


def _published(path: Path, table: str) -> list[Mapping[str, Any]]:
    try:
        rows: list[Mapping[str, Any]] = json.loads(path.read_bytes())[table]
    except (OSError, ValueError, KeyError) as exc:
        raise BenchError(f"{str(path)!r} does not hold the table {table!r}: {exc}") from exc
    return rows


def _shown(found: PairFigures) -> str:
    apgr = found.apgr
    return (
        f"APGR {apgr.mean:.3f} ({apgr.low:.3f} to {apgr.high:.3f}), "
        f"CPT 50 % {found.cpt50:.1f} %, CPT 80 % {found.cpt80:.1f} %"
    )


def _told(row: Mapping[str, Any]) -> str:
    return f"APGR {row['APGR']}, CPT 50 % {row['CPT50_pct']} %, CPT 80 % {row['CPT80_pct']} %"

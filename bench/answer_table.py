"""Recorded answers of many models to one set of questions, as arrays.

The data are not shipped: `BENCH_ANSWERS` names the folder that holds
`mmlu_pro_answers.parquet`, with a row for each question and model.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.process import BenchError

VARIABLE = "BENCH_ANSWERS"
FILE = "mmlu_pro_answers.parquet"
LETTERS = "ABCDEFGHIJ"
_COLUMNS = (
    "prompt_id", "prompt", "category", "subject", "split", "gold", "model", "score", "answer",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTable:
    """Questions in rows, models in columns."""

    prompts: tuple[str, ...]
    categories: tuple[str, ...]
    subjects: tuple[str, ...]
    splits: tuple[str, ...]
    #: Shape [n]; option by number.
    gold: NDArray[np.int64]
    models: tuple[str, ...]
    #: Shape [n, n_models]; 1 right, 0 wrong, NaN not asked.
    right: NDArray[np.float64]
    #: Shape [n, n_models]; option by number, -1 none.
    answers: NDArray[np.int64]

    def of(self, models: Sequence[str]) -> AnswerTable:
        """The columns of `models`, in their order.

        Raises:
            BenchError: one of them is not there, or missed a question.
        """
        absent = sorted(set(models) - set(self.models))
        if absent:
            raise BenchError(f"the answers have no models {absent}; they have {list(self.models)}")
        columns = [self.models.index(name) for name in models]
        right = self.right[:, columns]
        if np.isnan(right).any():
            missed = [
                name for name, own in zip(models, right.T, strict=True) if np.isnan(own).any()
            ]
            raise BenchError(f"models {missed} missed questions; choose models that answered all")
        return AnswerTable(
            prompts=self.prompts,
            categories=self.categories,
            subjects=self.subjects,
            splits=self.splits,
            gold=self.gold,
            models=tuple(models),
            right=right,
            answers=self.answers[:, columns],
        )


def read_answers() -> AnswerTable:
    """The table of the folder that the environment names.

    Raises:
        BenchError: nothing is named, or the file is not there or lacks a column.
    """
    path = answers_file()
    from pyarrow import ArrowException, parquet

    try:
        read = parquet.read_table(path, columns=list(_COLUMNS))
    except (ArrowException, OSError, ValueError) as exc:
        raise BenchError(f"{str(path)!r} cannot be read as recorded answers: {exc}") from exc
    absent = sorted(set(_COLUMNS) - set(read.column_names))
    if absent:
        raise BenchError(f"{str(path)!r} lacks the columns {absent}")
    return table_of({name: read[name].to_pylist() for name in _COLUMNS})


def answers_file() -> Path:
    """The file of recorded answers that the environment names.

    Raises:
        BenchError: nothing is named, or the file is not there.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        raise BenchError(f"{VARIABLE} is not set; name the folder that holds {FILE}")
    path = Path(folder) / FILE
    if not path.is_file():
        raise BenchError(f"{str(path)!r} is not there; {VARIABLE} must name its folder")
    return path


def table_of(rows: dict[str, list[Any]]) -> AnswerTable:
    """The table of rows, column by column, one row a question and model."""
    ids = sorted(set(rows["prompt_id"]))
    models = sorted(set(rows["model"]))
    place, column = ({name: i for i, name in enumerate(names)} for names in (ids, models))
    right = np.full((len(ids), len(models)), np.nan)
    answers = np.full(right.shape, -1, dtype=np.int64)
    facts: list[tuple[str, ...]] = [()] * len(ids)
    for number, (key, model) in enumerate(zip(rows["prompt_id"], rows["model"], strict=True)):
        cell = place[key], column[model]
        right[cell] = rows["score"][number]
        answer = rows["answer"][number]
        answers[cell] = LETTERS.index(answer) if answer else -1
        facts[place[key]] = tuple(rows[name][number] for name in _COLUMNS[1:6])
    prompts, categories, subjects, splits, gold = zip(*facts, strict=True)
    return AnswerTable(
        prompts=prompts,
        categories=categories,
        subjects=subjects,
        splits=splits,
        gold=np.array([LETTERS.index(letter) for letter in gold]),
        models=tuple(models),
        right=right,
        answers=answers,
    )

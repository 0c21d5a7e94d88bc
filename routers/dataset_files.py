"""Reads questions and outcomes from files: JSON lines, CSV, parquet, arrow, folders of them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from .base import RouterError
from .columns import EXAMPLE_COLUMNS, OUTCOME_COLUMNS, Columns, is_of_outcomes
from .dataset_rows import ExampleRow, OutcomeRow, TextRow, example_of
from .datasets import Answered, Example, Outcome, answered
from .rows import Faults, Row, names, read_rows

M = TypeVar("M", bound=BaseModel)


def read_examples(
    paths: Sequence[Path], *, columns: Mapping[str, str] | None = None
) -> tuple[Example, ...]:
    """The questions of these files and folders.

    A question without an id is known by a hash of its words. A table of outcomes that also has
    the words of its questions can be given, too: each question is taken once.

    Args:
        paths: what to read.
        columns: field of `Example`, or `options`, to the column that has it.

    Raises:
        RouterError: a file cannot be read; a row lacks its prompt, has a blank one, repeats an id
            or has a value of another kind; there is no question. All rows are told at once.
    """
    known = Columns(EXAMPLE_COLUMNS, columns or {})
    of_outcomes = Columns({**EXAMPLE_COLUMNS, "gold": ("gold",)}, columns or {})
    faults = Faults(paths)
    found: dict[str, Example] = {}
    for row in read_rows(paths, wanted=known.wanted, faults=faults):
        is_outcome = is_of_outcomes(row.columns)
        cells = (of_outcomes if is_outcome else known).cells(row)
        if is_outcome and _is_known(cells, found):
            continue
        line = _checked(cells, row, ExampleRow, known, faults)
        if line is None:
            continue
        example = example_of(line, row)
        before = found.setdefault(example.id, example)
        if before is not example:
            what = "the question" if before.prompt == example.prompt else f"id {example.id!r}"
            faults.add(row.place, f"{what} stands at {before.place} already")
    faults.refuse()
    if not found:
        raise RouterError(f"{names(paths)} holds no question")
    return tuple(found.values())


def read_texts(
    paths: Sequence[Path], *, columns: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The words of questions, as traffic has them: labels are not looked at, repetitions left out.

    Args:
        paths: what to read.
        columns: field of `Example` to the column that has it.

    Raises:
        RouterError: a file cannot be read; a row lacks its prompt or has a blank one; there is no
            question. All rows are told at once.
    """
    known = Columns(EXAMPLE_COLUMNS, columns or {})
    faults = Faults(paths)
    rows = read_rows(paths, wanted=known.wanted, faults=faults)
    lines = [_checked(known.cells(row), row, TextRow, known, faults) for row in rows]
    faults.refuse()
    if not lines:
        raise RouterError(f"{names(paths)} holds no question")
    return tuple(dict.fromkeys(line.prompt for line in lines if line is not None))


def read_outcomes(
    paths: Sequence[Path],
    *,
    examples: Sequence[Example] | None = None,
    experts: Collection[str] | None = None,
    columns: Mapping[str, str] | None = None,
    is_graded: bool = True,
) -> tuple[Outcome, ...]:
    """What experts made of questions.

    Args:
        paths: what to read.
        examples: every question that may have been asked, of all splits; not looked at if left out.
        experts: every expert there is; not looked at if left out.
        columns: field of `Outcome` to the column that has it.
        is_graded: whether rows must have scores; those without have NaN.

    Raises:
        RouterError: a file cannot be read; a row lacks its id, expert or score, has a score that
            is no number from 0 to 1, says the same thing again, is of another version of an
            expert than before or, in one file, was asked in another way, or names a question or
            expert that is not there. All rows are told at once.
    """
    known = Columns(OUTCOME_COLUMNS, columns or {})
    faults = Faults(paths)
    ids = None if examples is None else {example.id for example in examples}
    found: list[Outcome] = []
    seen = _Seen()
    for path in paths:
        seen.asked = None
        for row in read_rows([path], wanted=known.wanted, faults=faults):
            line = _checked(known.cells(row), row, OutcomeRow, known, faults)
            if line is None:
                continue
            fault = seen.fault(line, row.place) or _stray(line, ids, experts)
            if fault is None and line.score is None and is_graded:
                fault = known.lack("score", row.columns)
            if fault is None:
                score = np.nan if line.score is None else line.score
                found.append(Outcome(**{**dict(line), "score": score}))
            else:
                faults.add(row.place, fault)
    faults.refuse()
    if not found:
        raise RouterError(f"{names(paths)} holds no outcome")
    return tuple(found)


def read_answered(
    questions: Sequence[Path],
    outcomes: Sequence[Path],
    *,
    split: str = "",
    columns: Mapping[str, str] | None = None,
) -> Answered:
    """Questions that were asked beside their scores.

    Args:
        questions: as for `read_examples`.
        outcomes: as for `read_outcomes`; each must be of one of the questions.
        split: the only one that is wanted; all by default.
        columns: as for `read_examples`.

    Raises:
        RouterError: as the two raise; there is no such split, or nobody was asked of it.
    """
    examples = read_examples(questions, columns=columns)
    table = answered(of_split(examples, split), read_outcomes(outcomes, examples=examples))
    asked = np.flatnonzero(~np.isnan(table.scores).all(axis=1)).tolist()
    if not asked:
        raise RouterError(f"{names(outcomes)} says nothing of split {split!r}")
    return table.rows(asked)


def of_split(examples: Sequence[Example], split: str) -> tuple[Example, ...]:
    """Those of a split; all where `split` is empty.

    Raises:
        RouterError: there is no such split.
    """
    found = tuple(example for example in examples if split in ("", example.split))
    if not found:
        there = sorted({example.split for example in examples})
        raise RouterError(f"split {split!r} has no question; there are {there}")
    return found


class _Seen:
    """What rows said before, so that nothing is said twice or of two kinds."""

    def __init__(self) -> None:
        self._place_by_key: dict[tuple[str, str, int], str] = {}
        self._by_expert: dict[str, tuple[str, str]] = {}
        #: How the first row of this file was asked, and its place.
        self.asked: tuple[str, str] | None = None

    def fault(self, line: OutcomeRow, place: str) -> str | None:
        """Why a row does not go with those before it."""
        first = self._place_by_key.setdefault((line.id, line.expert, line.sample), place)
        if first is not place:
            return f"expert {line.expert!r} answers {line.id!r} at {first} already"
        version, where = self._by_expert.setdefault(line.expert, (line.version, place))
        if version != line.version:
            return f"expert {line.expert!r} is version {line.version!r}, at {where} {version!r}"
        self.asked = self.asked or (line.asked, place)
        asked, where = self.asked
        return None if asked == line.asked else f"was asked by {line.asked!r}, {where} by {asked!r}"


def _stray(
    line: OutcomeRow, ids: Collection[str] | None, experts: Collection[str] | None
) -> str | None:
    if ids is not None and line.id not in ids:
        return f"id {line.id!r} is of no question"
    if experts is None or line.expert in experts:
        return None
    return f"expert {line.expert!r} is not known{_nearest(line.expert, experts)}"


def _is_known(cells: Mapping[str, Any], found: Mapping[str, Example]) -> bool:
    before = found.get(str(cells.get("id")))
    return before is not None and before.prompt == cells.get("prompt")


def _checked(
    cells: Mapping[str, Any], row: Row, model: type[M], known: Columns, faults: Faults
) -> M | None:
    try:
        return model.model_validate(cells)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        field = str(first["loc"][0])
        if first["type"] == "missing":
            faults.add(row.place, known.lack(field, row.columns))
        else:
            faults.add(row.place, f"{field} {cells[field]!r:.80}: {first['msg']}")
        return None


def _nearest(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {sorted(known)}"

"""Which columns the values of a data set are taken from.

A value is taken from the first of its columns that a file has, so that common data sets are read
as they are; whoever reads may name another.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from .base import RouterError
from .rows import Row

_IDS = ("id", "prompt_id", "question_id")
EXAMPLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "id": _IDS,
    "prompt": ("prompt", "question"),
    "skills": ("skills", "subject", "skill"),
    "category": ("category", "skill"),
    "gold": ("gold", "answer"),
    "accepted": ("accepted", "accept"),
    "options": ("options", "choices"),
    "grader": ("grader",),
    "split": ("split",),
    "group": ("group", "frame"),
    "kind": ("kind",),
}
OUTCOME_COLUMNS: dict[str, tuple[str, ...]] = {
    "id": _IDS,
    "expert": ("expert", "model"),
    "score": ("score",),
    "answer": ("answer",),
    "log_prob": ("log_prob",),
    "tokens": ("tokens",),
    "seconds": ("seconds",),
    "sample": ("sample",),
    "fault": ("fault",),
    "version": ("version",),
    "asked": ("asked",),
}


class Columns:
    """Finds the columns of some values.

    Args:
        usual: value to the columns that may have it, the first that is there counts.
        given: value to the one column that has it, in place of the usual ones.

    Raises:
        RouterError: `given` names a value that nobody asks for.
    """

    def __init__(self, usual: Mapping[str, Sequence[str]], given: Mapping[str, str]) -> None:
        if unknown := sorted(set(given) - set(usual)):
            raise RouterError(
                f"there is no {unknown[0]!r} to take from a column; known: {sorted(usual)}"
            )
        self._known = {**usual, **{name: (column,) for name, column in given.items()}}
        self._columns: Sequence[str] | None = None
        self._found: dict[str, str] = {}

    @property
    def wanted(self) -> frozenset[str]:
        """Every column that may be taken."""
        return frozenset(column for columns in self._known.values() for column in columns)

    def cells(self, row: Row) -> dict[str, Any]:
        """The values that the row has."""
        if row.columns is not self._columns:
            self._columns, self._found = row.columns, self._resolved(row.columns)
        cells = row.cells
        return {name: cells[column] for name, column in self._found.items() if column in cells}

    def lack(self, name: str, there: Sequence[str]) -> str:
        """Why a row has no such value."""
        wanted = self._known[name]
        if any(column in there for column in wanted):
            return f"{wanted[0]} is empty"
        close = [
            near for column in wanted for near in difflib.get_close_matches(column, there, n=1)
        ]
        meant = f"; is {close[0]!r} meant?" if close else ""
        return f"has no {' or '.join(map(repr, wanted))}; it has {sorted(there)}{meant}"

    def _resolved(self, there: Sequence[str]) -> dict[str, str]:
        first = {
            name: next((column for column in columns if column in there), None)
            for name, columns in self._known.items()
        }
        return {name: column for name, column in first.items() if column is not None}


def is_of_outcomes(columns: Sequence[str]) -> bool:
    """Whether a file with these columns says what experts made of questions."""
    return all(
        any(column in columns for column in OUTCOME_COLUMNS[name]) for name in ("expert", "score")
    )

"""What experts cost, from a CSV that an operator keeps."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path

from .base import RouterError
from .spending import MEASURES, Costs, Measure

_MAX_FAULTS = 10


def read_costs(path: Path) -> Costs:
    """Costs from a CSV with a column `expert` and one or more measures; an empty cell is unknown.

    Raises:
        RouterError: the file cannot be read, lacks a column, repeats an expert, or has a cell that
            is no number, 0 or more; rows are told by their numbers.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            columns, rows = list(table.fieldnames or ()), list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise RouterError(f"the costs in {str(path)!r} cannot be read: {exc}") from exc
    measures = [name for name in MEASURES if name in columns]
    if "expert" not in columns or not measures:
        raise RouterError(
            f"the costs in {str(path)!r} need the column 'expert' and one or more of "
            f"{list(MEASURES)}; found {columns}"
        )
    found: dict[str, dict[Measure, float]] = {}
    faults = []
    for number, row in enumerate(rows, start=2):
        expert = (row["expert"] or "").strip()
        faults += [f"row {number}: {why}" for why in _faults(expert, row, measures, found)]
        found[expert] = {name: float(row[name]) for name in measures if _is_cost(row[name])}
    if faults or not found:
        told = "; ".join(faults[:_MAX_FAULTS]) or "there is no row"
        more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
        raise RouterError(f"the costs in {str(path)!r} cannot be used: {told}{more}")
    return Costs(by_expert=found)


def _faults(
    expert: str,
    row: Mapping[str, str | None],
    measures: list[Measure],
    found: Mapping[str, object],
) -> Iterator[str]:
    if not expert:
        yield "no expert is named"
    if expert in found:
        yield f"expert {expert!r} stands there twice"
    for name in measures:
        if (row[name] or "").strip() and not _is_cost(row[name]):
            yield f"{name} is {row[name]!r}, not a number, 0 or more"


def _is_cost(cell: str | None) -> bool:
    try:
        number = float(cell or "")
    except ValueError:
        return False
    return isfinite(number) and number >= 0

"""Reads what asking each expert takes from a table: JSON lines, CSV or parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from .base import RouterError
from .rows import Faults, read_rows
from .trial import Price


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    expert: str = Field(min_length=1, validation_alias=AliasChoices("expert", "model"))
    active_b: float | None = Field(
        None, gt=0, validation_alias=AliasChoices("active_b", "params_b_active")
    )
    input_usd_per_mtok: float | None = Field(None, ge=0)
    output_usd_per_mtok: float | None = Field(None, ge=0)


_COLUMNS = (
    "expert", "model", "active_b", "params_b_active", "input_usd_per_mtok", "output_usd_per_mtok",
)  # fmt: skip


def read_prices(path: Path) -> dict[str, Price]:
    """Expert -> what asking it takes; what a row leaves out is unknown.

    Raises:
        RouterError: the file cannot be read; a row names no expert, an expert twice, or has a
            figure that is none. All rows are told at once.
    """
    faults = Faults([path])
    found: dict[str, Price] = {}
    for row in read_rows([path], wanted=_COLUMNS, faults=faults):
        line = _read(row.cells)
        if isinstance(line, str):
            faults.add(row.place, line)
        elif line.expert in found:
            faults.add(row.place, f"expert {line.expert!r} is there twice")
        else:
            found[line.expert] = Price(**line.model_dump(exclude={"expert"}))
    faults.refuse()
    if not found:
        raise RouterError(f"{str(path)!r} has no row; its columns may be {list(_COLUMNS)}")
    return found


def _read(cells: Any) -> _Row | str:
    try:
        return _Row.model_validate(cells)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"

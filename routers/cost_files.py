"""What experts cost, from a table that an operator keeps: CSV, JSON lines or parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from .base import RouterError
from .rows import Faults, read_rows
from .spending import MEASURES, Costs, Measure

_Cost = Annotated[
    float | None,
    BeforeValidator(lambda cell: None if isinstance(cell, str) and not cell.strip() else cell),
    Field(ge=0, allow_inf_nan=False),
]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    expert: Annotated[str, Field(min_length=1, validation_alias=AliasChoices("expert", "model"))]
    total_params_b: Annotated[
        _Cost, Field(validation_alias=AliasChoices("total_params_b", "params_b_total"))
    ] = None
    memory_gib: _Cost = None
    active_params_b: Annotated[
        _Cost,
        Field(validation_alias=AliasChoices("active_params_b", "active_b", "params_b_active")),
    ] = None
    price_usd_per_1000: _Cost = None
    latency_s: _Cost = None


_COLUMNS = frozenset({*_Row.model_fields, "model", "active_b", "params_b_total", "params_b_active"})


def read_costs(path: Path) -> Costs:
    """Costs by expert; a cell that is empty or left out is unknown.

    Raises:
        RouterError: the file cannot be read, states no cost, names an expert twice or none, or has
            a cell that is no number, 0 or more. All rows are told at once.
    """
    faults = Faults([path])
    found: dict[str, dict[Measure, float]] = {}
    for row in read_rows([path], wanted=_COLUMNS, faults=faults):
        line = _read(row.cells)
        if isinstance(line, str):
            faults.add(row.place, line)
        elif line.expert in found:
            faults.add(row.place, f"expert {line.expert!r} is there twice")
        else:
            told = line.model_dump(exclude={"expert"})
            found[line.expert] = {
                name: told[name] for name in MEASURES if told.get(name) is not None
            }
    faults.refuse()
    if not any(found.values()):
        raise RouterError(f"{str(path)!r} states no cost; its columns may be {sorted(_COLUMNS)}")
    return Costs(by_expert=found)


def _read(cells: Any) -> _Row | str:
    try:
        return _Row.model_validate(cells)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        given = "" if first["type"] == "missing" else f" is {first['input']!r}"
        return f"{first['loc'][0]}{given}: {first['msg']}"

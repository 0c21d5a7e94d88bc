"""A map under budgets, and a curve of such maps, as text."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table

from routers.budget import BudgetedMap, MapTask
from routers.map_fit import Measured
from routers.pareto import Point
from routers.spending import LABELS, Measure

_PIPE_COLUMNS = 160


def show_map(found: BudgetedMap, task: MapTask, data: Measured) -> None:
    """What was found, what it takes, and who serves what."""
    shares = task.traffic / task.traffic.sum()
    single = shares @ task.quality.table
    best = int(single.argmax())
    proof = "proven best" if found.is_optimal else f"at most {found.gap:.4f} under the best"
    typer.echo(
        f"expected quality {found.quality:.4f}, {proof}; the best single expert of all, "
        f"{task.quality.experts[best]!r}, has {single[best]:.4f}"
    )
    for measure, spent in found.spent.items():
        limit = task.budgets.get(measure)
        held = "" if limit is None else f" of {limit:g}"
        typer.echo(f"  {LABELS[measure]}: {spent:g}{held}")
    for name, why in found.left_out.items():
        typer.echo(f"  left out: {name!r}, {why}")
    for name, count in data.strange.items():
        typer.echo(f"  {count} questions of {name!r}, which the router lacks, are not counted")
    table = Table("category", "share", "expert", "expected")
    for row, (category, expert) in enumerate(found.expert_by_category.items()):
        column = task.quality.experts.index(expert)
        table.add_row(
            category, f"{shares[row]:.1%}", expert, f"{task.quality.table[row, column]:.3f}"
        )
    _print(table)


def show_curve(curve: Sequence[Point], measure: Measure) -> None:
    """One line a map, the cheapest first."""
    table = Table(LABELS[measure], "expected quality", "who serves", "proven")
    for point in curve:
        found = point.found
        table.add_row(
            f"{found.spent[measure]:.4g}",
            f"{found.quality:.4f}",
            ", ".join(found.experts),
            "yes" if found.is_optimal else f"gap {found.gap:.4f}",
        )
    _print(table)


def _print(table: Table) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    console.print(table)

"""`orchestrator fit map`: which expert serves which category of a router, within budgets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from orchestrator.cli.commands import require
from orchestrator.cli.map_tables import show_curve, show_map
from orchestrator.cli.router_work import router_work
from orchestrator.errors import SetupError
from orchestrator.registry.loader import load
from orchestrator.routing.expert_costs import registry_costs, with_seconds
from routers.artifacts import read_artifact
from routers.budget import BudgetedMap, MapTask, best_map
from routers.cost_files import read_costs
from routers.dataset_files import read_examples, read_outcomes
from routers.datasets import answered, data_sha256
from routers.map_fit import Measured, measured, write_map
from routers.pareto import Point, pareto_curve
from routers.spending import MEASURES, Costs, Measure

_BUDGETS = f"MEASURE=LIMIT, of {', '.join(MEASURES)}; repeat for several."

_Models = Annotated[
    Path | None,
    typer.Option(help="Costs: a table with `expert` and measures, or a registry (.yaml)."),
]
_Out = Annotated[
    Path | None, typer.Option(help="Folder for the router with its map; may be the same.")
]
_Always = Annotated[
    list[str] | None,
    typer.Option(help="Expert that is there beside the map, such as the router's fallback."),
]
_Traffic = Annotated[
    Path | None,
    typer.Option(help="JSON {category: requests}; by default as the questions are."),
]
_Pareto = Annotated[
    str | None, typer.Option(help="Measure to show quality against; then --out is optional.")
]
_Plot = Annotated[Path | None, typer.Option(help="Picture of the curve: .svg, .png, .pdf.")]
_JsonOut = Annotated[
    Path | None, typer.Option("--json", help="File for the map and the curve as JSON.")
]


def fit_map(
    router: Annotated[Path, typer.Option(help="Folder of a fitted category router.")],
    questions: Annotated[list[Path], typer.Option(help="Questions with a category or a skill.")],
    outcomes: Annotated[list[Path], typer.Option(help="What `orchestrator profile` wrote.")],
    models: _Models = None,
    out: _Out = None,
    budget: Annotated[list[str] | None, typer.Option(help=_BUDGETS)] = None,
    always: _Always = None,
    traffic: _Traffic = None,
    pareto: _Pareto = None,
    points: Annotated[int, typer.Option(min=2, max=100, help="Limits tried for --pareto.")] = 12,
    plot: _Plot = None,
    json_out: _JsonOut = None,
    time_s: Annotated[float, typer.Option(min=0.1, help="Longest search of a map.")] = 10.0,
) -> None:
    """Fit the category-to-expert map of a router within budgets."""
    if out is None and pareto is None:
        raise SetupError("nothing to write: give --out, or --pareto to look first")
    _check_picture(plot)
    axis = _measure(pareto, "--pareto") if pareto else None
    with router_work("searching maps of experts"):
        data, costs = _read(router, questions, outcomes, models)
        task = MapTask(
            quality=data.quality,
            traffic=data.traffic if traffic is None else _traffic(traffic, data),
            costs=costs,
            budgets=_budgets(budget or ()),
            always=tuple(always or ()),
        )
        found = best_map(task, time_s=time_s)
        curve = pareto_curve(task, axis, num_points=points, time_s=time_s) if axis else ()
        if out is not None:
            write_map(router, out, task, found, data_sha256=data.data_sha256)
    show_map(found, task, data)
    if axis is not None:
        _show_curve(curve, task, axis, plot)
    if json_out is not None:
        _write(json_out, _plain(found, task, curve, axis))
    if out is not None:
        typer.echo(f"wrote {out}")


def _check_picture(plot: Path | None) -> None:
    if plot is None:
        return
    require("plot")
    from orchestrator.cli.pareto_picture import check_suffix  # its library is an extra

    check_suffix(plot)


def _read(
    router: Path, questions: Sequence[Path], outcomes: Sequence[Path], models: Path | None
) -> tuple[Measured, Costs]:
    categories = read_artifact(router).manifest.categories
    examples = read_examples(questions)
    given = read_outcomes(outcomes, examples=examples)
    table = answered(examples, given)
    data = measured(table, categories, data_sha256=data_sha256(table))
    if models is None:
        return data, with_seconds(Costs(by_expert={}), given)
    if models.suffix in (".yaml", ".yml"):
        return data, registry_costs(load(models), examples, given)
    return data, with_seconds(read_costs(models), given)


def _measure(name: str, where: str) -> Measure:
    for known in MEASURES:
        if name == known:
            return known
    raise SetupError(f"{where} {name!r} is no measure; known: {list(MEASURES)}")


def _budgets(given: Sequence[str]) -> dict[Measure, float]:
    found: dict[Measure, float] = {}
    for one in given:
        name, sign, limit = one.partition("=")
        try:
            number = float(limit) if sign else float("nan")
        except ValueError:
            number = float("nan")
        if isnan(number):
            raise SetupError(
                f"--budget {one!r} is not of the form MEASURE=LIMIT, such as active_params_b=40"
            )
        found[_measure(name.strip(), "--budget")] = number
    return found


def _traffic(path: Path, data: Measured) -> NDArray[np.float64]:
    try:
        given = TypeAdapter(dict[str, float]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as exc:
        raise SetupError(f"the traffic in {str(path)!r} cannot be used: {exc}") from exc
    categories = data.quality.categories
    if strange := sorted(set(given) - set(categories)):
        raise SetupError(
            f"{str(path)!r} names categories {strange} that the router lacks; "
            f"it has {list(categories)}"
        )
    return np.array([given.get(name, 0.0) for name in categories])


def _show_curve(curve: Sequence[Point], task: MapTask, measure: Measure, plot: Path | None) -> None:
    show_curve(curve, measure)
    if plot is not None:
        from orchestrator.cli.pareto_picture import draw_curve  # its library is an extra

        draw_curve(curve, task, measure, plot)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    try:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as exc:
        raise SetupError(f"{str(path)!r} cannot be written: {exc.strerror}") from exc


def _plain(
    found: BudgetedMap, task: MapTask, curve: Sequence[Point], measure: Measure | None
) -> dict[str, Any]:
    points = [{"limit": point.limit, **asdict(point.found)} for point in curve]
    return {
        "budgets": dict(task.budgets),
        "map": asdict(found),
        "curve": {"measure": measure, "points": points} if measure else None,
    }

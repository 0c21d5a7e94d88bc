"""Quality against cost as a picture; its library is the extra `plot`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from orchestrator.errors import SetupError
from routers.budget import MapTask
from routers.pareto import Point
from routers.spending import LABELS, Measure

#: Formats by suffix.
_SUFFIXES = (".svg", ".png", ".pdf")


def check_suffix(path: Path) -> None:
    """Refuse a file that would be no picture.

    Raises:
        SetupError: its suffix is none of those known.
    """
    if path.suffix not in _SUFFIXES:
        raise SetupError(f"{str(path)!r} is no picture; its suffix must be of {list(_SUFFIXES)}")


def draw_curve(points: Sequence[Point], task: MapTask, measure: Measure, path: Path) -> None:
    """Draw the curve, and beside it every expert that would serve all alone.

    Raises:
        SetupError: the file has no known suffix or cannot be written.
    """
    check_suffix(path)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    shares = task.traffic / task.traffic.sum()
    for name, quality in zip(task.quality.experts, shares @ task.quality.table, strict=True):
        cost = task.costs.of(name, measure)
        if cost >= 0:
            axes.plot(cost, quality, "o", color="tab:gray", markersize=4)
            axes.annotate(name, (cost, quality), fontsize=6, color="tab:gray")
    axes.step(
        [point.found.spent[measure] for point in points],
        [point.found.quality for point in points],
        where="post",
        marker="o",
        color="tab:blue",
        label="best map",
    )
    axes.set_xlabel(LABELS[measure])
    axes.set_ylabel("expected quality")
    axes.legend(loc="upper left")
    try:
        figure.savefig(path)
    except OSError as exc:
        raise SetupError(f"{str(path)!r} cannot be written: {exc.strerror}") from exc

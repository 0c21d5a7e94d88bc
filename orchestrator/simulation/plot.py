"""Outcomes as a picture; needs matplotlib, an extra."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from matplotlib.figure import Figure

from orchestrator.errors import SetupError
from orchestrator.simulation.outcome import Outcome

#: Formats by suffix.
_SUFFIXES = (".svg", ".png", ".pdf")


def draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw swaps, makespan and waits of one trace, policy beside policy.

    A wait that is infinite, since too many were refused, has no bar.

    Raises:
        SetupError: the file has no known suffix or cannot be written.
    """
    if path.suffix not in _SUFFIXES:
        raise SetupError(f"{str(path)!r} is no picture; its suffix must be of {list(_SUFFIXES)}")
    figure = Figure(figsize=(12, 4), layout="constrained")
    figure.suptitle(f"trace {outcomes[0].trace}, slots: {outcomes[0].num_slots}")
    names = [outcome.policy for outcome in outcomes]
    places = list(range(len(names)))
    swaps, makespans, waits = figure.subplots(1, 3)
    for axes, title, values in (
        (swaps, "swaps", [outcome.num_swaps for outcome in outcomes]),
        (makespans, "makespan, s", [outcome.makespan_s for outcome in outcomes]),
    ):
        axes.bar(places, values)
        axes.set_title(title)
    for shift, (label, seconds) in enumerate(_waits(outcomes)):
        shown = [value if isfinite(value) else 0.0 for value in seconds]
        waits.bar([place + 0.27 * (shift - 1) for place in places], shown, 0.25, label=label)
    waits.set_title("wait, s")
    waits.legend()
    for axes in (swaps, makespans, waits):
        axes.set_yscale("symlog")  # peers differ by orders of magnitude, and some waits are 0
        axes.set_xticks(places, names, rotation=30, ha="right")
    try:
        figure.savefig(path)
    except OSError as exc:
        raise SetupError(f"{str(path)!r} cannot be written: {exc.strerror}") from exc


def _waits(outcomes: Sequence[Outcome]) -> list[tuple[str, list[float]]]:
    return [
        ("p50", [outcome.p50_wait_s for outcome in outcomes]),
        ("p99", [outcome.p99_wait_s for outcome in outcomes]),
        ("longest", [outcome.max_wait_s for outcome in outcomes]),
    ]

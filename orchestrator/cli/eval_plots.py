"""An evaluation as pictures: SVG that stands inside a page and reads nothing from elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from routers.arms import ORACLE, pareto
from routers.claims import Claims
from routers.evaluate import Entropies, Evaluation, Figures, Report
from routers.spending import LABELS
from routers.trial import CostKind

#: What quality is shown against: the first of these that is known of all experts.
_COSTS: dict[CostKind, str] = {
    "price_usd_per_1000": LABELS["price_usd_per_1000"],
    "active_params_b": LABELS["active_params_b"],
    "latency_s": LABELS["latency_s"],
    "tokens": "tokens generated",
    "calls": "calls",
}
#: In a map of more cells than these they are coloured only.
_MAX_CELLS_TOLD = 400
_NUM_BINS = 20


def quality_and_cost(found: Evaluation) -> str:
    """Every router, baseline and expert; a line joins those that nothing beats."""
    kind = next(kind for kind in _COSTS if kind in found.baselines[0].costs)
    routers = [one for report in found.reports for one in report.figures]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for label, section, mark in (
        ("routers", routers, "o"),
        ("baselines", found.baselines, "s"),
        ("experts", found.singles, "."),
    ):
        axes.errorbar(
            [one.costs[kind] for one in section],
            [100 * one.accuracy.mean for one in section],
            yerr=np.array([_reach(one) for one in section]).T,
            fmt=mark,
            label=label,
            capsize=2,
        )
        if section is not found.singles:
            for one in section:
                place = (one.costs[kind], 100 * one.accuracy.mean)
                axes.annotate(_told(one.name), place, xytext=(5, 4), textcoords="offset points")
    front = _front([*routers, *found.baselines, *found.singles], kind)
    axes.plot(
        [one.costs[kind] for one in front],
        [100 * one.accuracy.mean for one in front],
        color="0.5",
        linestyle="--",
        label="Pareto front",
    )
    axes.set_xlabel(_COSTS[kind])
    axes.set_ylabel("right, %")
    axes.legend()
    return _svg(figure, f"cost-{kind}")


def reliability(claims: Claims, *, name: str) -> str:
    """What was claimed of choices against what they reached; dots grow with their number."""
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    claimed = [one.claimed for one in claims.bins]
    reached = [one.reached for one in claims.bins]
    sizes = [15 + 300 * one.count / claims.count for one in claims.bins]
    axes.plot(claimed, reached, color="C0")
    axes.scatter(claimed, reached, s=sizes, color="C0")
    axes.set_xlabel("claimed")
    axes.set_ylabel("reached")
    axes.set_title(f"calibration error {claims.error:.3f}")
    return _svg(figure, f"reliability-{name}")


def confusion(report: Report, experts: Sequence[str]) -> str:
    """Share of each category's questions that went to each expert; experts never chosen are out."""
    used = np.flatnonzero(report.went.sum(axis=0))
    counts = report.went[:, used]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows, columns = shares.shape
    figure = Figure(figsize=(2.5 + 0.45 * columns, 1.8 + 0.32 * rows), layout="constrained")
    axes = figure.subplots()
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="0.9", linewidth=0.5)
    axes.set_xticks(
        np.arange(columns) + 0.5, [_told(experts[i]) for i in used], rotation=60, ha="right"
    )
    axes.set_yticks(np.arange(rows) + 0.5, [_told(it.name) for it in report.by_category])
    axes.invert_yaxis()
    axes.set_xlabel("chosen expert")
    axes.set_ylabel("category")
    if counts.size <= _MAX_CELLS_TOLD:
        for row, column in np.argwhere(counts > 0).tolist():
            color = "white" if shares[row, column] > 0.6 else "black"
            place = (column + 0.5, row + 0.5)
            axes.text(*place, str(counts[row, column]), ha="center", va="center", color=color)
    return _svg(figure, f"confusion-{report.name}")


def entropy(found: Entropies, *, name: str) -> str:
    """How unsure the router was of what it got right and wrong and of unknown prompts."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    bins = np.linspace(0, 1, _NUM_BINS + 1).tolist()
    sides = (("right", found.right), ("wrong", found.wrong), ("unknown", found.unknown))
    for label, values in sides:
        if values:
            weights = np.full(len(values), 100 / len(values))
            title = f"{label} ({len(values)})"
            axes.hist(values, bins=bins, weights=weights, histtype="step", label=title, linewidth=2)
    axes.set_xlabel("entropy of the category's probabilities")
    axes.set_ylabel("share of each, %")
    axes.legend()
    return _svg(figure, f"entropy-{name}")


def _front(ways: Sequence[Figures], kind: CostKind) -> list[Figures]:
    # Hindsight is no way to answer: it would hide what can be had.
    real = [one for one in ways if one.name != ORACLE]
    costs, reached = [one.costs[kind] for one in real], [one.accuracy.mean for one in real]
    return [real[i] for i in pareto(costs, reached)]


def _told(name: str) -> str:
    """A name as it is, where a pair of dollars would be read as a formula."""
    return name.replace("$", r"\$")


def _reach(one: Figures) -> tuple[float, float]:
    mean = one.accuracy.mean
    low, high = one.accuracy.low, one.accuracy.high
    return (100 * max(mean - low, 0.0), 100 * max(high - mean, 0.0))


def _svg(figure: Figure, salt: str) -> str:
    """The drawing without header, metadata and names of namespaces, which HTML does not need."""
    out = io.StringIO()
    # Text stays text; the salt keeps ids of several drawings on a page apart and runs alike.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", text)

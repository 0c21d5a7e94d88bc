"""The tables of a timeline's page: all of it predicted and happened, and every expert's part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from orchestrator.batch.gantt import Totals, duration, ranked, totals
from orchestrator.batch.progress import Bar, Timeline

#: Experts that the table lists; the rest is counted.
_MAX_EXPERTS = 500


def totals_table(timeline: Timeline) -> str:
    """Predicted beside happened, and how far they are apart."""
    rows: list[Sequence[str]] = []
    predicted, happened = totals(timeline.predicted), totals(timeline.happened)
    for name, bars, sums in (
        ("predicted", timeline.predicted, predicted),
        ("happened", timeline.happened, happened),
    ):
        if bars:
            rows.append((name, *_cells(sums)))
    if len(rows) == 2:
        rows.append(("apart", "", "", "", "", _apart(predicted, happened)))
    if timeline.lower_bound_s is not None:
        rows.append(("no plan is faster than", "", "", "", "", duration(timeline.lower_bound_s)))
    return _table(("", "runs", "calls", "swaps", "in swaps", "until the end"), rows)


@dataclass(slots=True)
class _Part:
    """What one expert does."""

    bars: list[Bar] = field(default_factory=list)

    @property
    def busy_s(self) -> float:
        return sum(bar.ends_s - bar.begins_s for bar in self.bars)


def experts_table(timeline: Timeline) -> str:
    """Every expert with its colour, those that take longest first."""
    predicted, happened = _by_expert(timeline.predicted), _by_expert(timeline.happened)
    heads = ["expert", "calls", "runs", "swaps", "slot time"]
    if timeline.happened:
        heads += ["runs, happened", "swaps", "slot time"]
    rows = []
    names = ranked(timeline)
    for name in names[:_MAX_EXPERTS]:
        cells = [f"{sum(bar.num_calls for bar in _known(predicted, happened, name)):,}"]
        cells += _part(predicted[name])
        if timeline.happened:
            cells += _part(happened[name])
        rows.append((name, *cells))
    more = f"<p>and {len(names) - len(rows)} more</p>" if len(names) > len(rows) else ""
    return _table(heads, rows, ranks=True) + more


def _known(predicted: dict[str, _Part], happened: dict[str, _Part], name: str) -> Iterable[Bar]:
    return predicted[name].bars or happened[name].bars


def _by_expert(bars: Iterable[Bar]) -> defaultdict[str, _Part]:
    found: defaultdict[str, _Part] = defaultdict(_Part)
    for bar in bars:
        found[bar.expert].bars.append(bar)
    return found


def _part(part: _Part) -> list[str]:
    num_swaps = sum(bar.step is not None for bar in part.bars)
    return [f"{len(part.bars):,}", f"{num_swaps:,}", duration(part.busy_s)]


def _cells(sums: Totals) -> tuple[str, ...]:
    counts = (f"{one:,}" for one in (sums.num_runs, sums.num_calls, sums.num_swaps))
    in_swaps = "" if sums.swap_s is None else duration(sums.swap_s)
    return (*counts, in_swaps, duration(sums.makespan_s))


def _apart(predicted: Totals, happened: Totals) -> str:
    return f"{happened.makespan_s / predicted.makespan_s - 1:+.1%}" if predicted.makespan_s else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, ranks: bool = False) -> str:
    """Cells are escaped; with `ranks` a row is the one of the expert of that rank."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    lines = []
    for rank, row in enumerate(rows):
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        lines.append(f'<tr data-e="{rank}">{cells}</tr>' if ranks else f"<tr>{cells}</tr>")
    return "\n".join(["<table>", f"<tr>{head}</tr>", *lines, "</table>"])

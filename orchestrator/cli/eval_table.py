"""An evaluation as tables of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from routers.evaluate import Evaluation, Figures, Group, Report
from routers.resampling import Interval, Share
from routers.trial import CostKind

NUM_CONFUSIONS = 8
_PIPE_COLUMNS = 140
COSTS: dict[CostKind, str] = {
    "calls": "calls",
    "tokens": "tokens",
    "active_params_b": "active B",
    "price_usd_per_1000": "USD/1,000",
    "latency_s": "seconds",
}


def show(found: Evaluation) -> None:
    """Print every router beside what it has to beat, then what is particular to each."""
    console = Console()
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    console.print(arms_table(found))
    console.print("\n".join(notes(found)), markup=False, highlight=False)
    for report in found.reports:
        console.print()
        for title, groups in (("category", report.by_category), ("kind", report.by_kind)):
            if groups:
                console.print(_groups_table(f"{report.name}, by {title}", groups))
        console.print("\n".join(lines(report)), markup=False, highlight=False)


def arms_table(found: Evaluation) -> Table:
    """Routers, baselines, then every expert."""
    kinds = tuple(found.baselines[0].costs)
    heads = ("", "right %", "95 %", "over best single", "regret", *(COSTS[it] for it in kinds))
    title = f"{len(found.trial.examples)} questions, {len(found.trial.experts)} experts"
    table = Table(title=title, title_justify="left")
    for index, head in enumerate(heads):
        table.add_column(head, justify="right" if index else "left")
    routers = [one for report in found.reports for one in report.figures]
    for section in (routers, found.baselines, found.singles):
        for one in section:
            table.add_row(*_row(one, kinds))
        table.add_section()
    return table


def notes(found: Evaluation) -> Iterator[str]:
    """How to read the table."""
    trial = found.trial
    yield f"best single and the order of equal votes: as {trial.order_from} showed"
    drawn = "groups of questions" if any(one.group for one in trial.examples) else "questions"
    yield f"95 %: bootstrap over {drawn}; over best single: paired"
    if trial.answers is None:
        yield "no vote of all: the outcomes hold no answers"
    for kind, experts in trial.unstated.items():
        yield f"left out, {COSTS[kind]}: nobody stated it of {', '.join(experts)}"
    if trial.left_out:
        told = ", ".join(f"{name} ({n})" for name, n in trial.left_out.items())
        yield f"left out, since they were not asked so many of the questions: {told}"


def lines(report: Report) -> Iterator[str]:
    """What a router claimed, did not know and confused."""
    yield from head(report)
    if report.confusions:
        yield "  wrong most often, category -> who was chosen:"
    for it in report.confusions[:NUM_CONFUSIONS]:
        yield f"  {it.count:>4} {it.category} -> {it.chosen}, such as {shortened(it.example)!r}"


def head(report: Report) -> Iterator[str]:
    """The same without what it confused."""
    yield f"{report.name} (version {report.version})"
    if report.unknown:
        yield f"  unknown recognised {_share(report.unknown)}"
    yield f"  sent to the general expert: {report.num_fallbacks}"
    if report.recalled:
        yield f"  answered without an expert and right: {_share(report.recalled)}"
    if report.num_unnamed:
        yield f"  chosen without the skills that a model would name: {report.num_unnamed}"
    if report.claims:
        yield f"  calibration error {report.claims.error:.3f} over {report.claims.count} choices"


def shortened(text: str, *, max_chars: int = 100) -> str:
    """The start of a long text, in one line."""
    text = " ".join(text.split())
    return text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"


def points(found: Interval) -> str:
    """A difference in points of a hundred, with its interval."""
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


def amount(cost: float) -> str:
    """A cost with two digits or more that say something."""
    return f"{cost:,.2f}" if cost >= 1 or not cost else f"{cost:.2g}"


def between(found: Interval) -> str:
    """The interval of a share, per cent."""
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}"


def _share(it: Share) -> str:
    low, high = it.interval
    return f"{it.value:.1%} ({low:.1%} to {high:.1%}), {it.right} of {it.asked}"


def _row(one: Figures, kinds: Sequence[CostKind]) -> list[str]:
    return [
        one.name,
        f"{100 * one.accuracy.mean:.1f}",
        between(one.accuracy),
        points(one.gain),
        f"{100 * one.regret.mean:.1f}",
        *(amount(one.costs[kind]) for kind in kinds),
    ]


def _groups_table(title: str, groups: Sequence[Group]) -> Table:
    table = Table(title=title, title_justify="left")
    for index, head in enumerate(("", "asked", "right %", "95 %", "best single %", "oracle %")):
        table.add_column(head, justify="right" if index else "left")
    for one in groups:
        table.add_row(
            one.name,
            str(one.asked),
            f"{100 * one.accuracy.mean:.1f}",
            between(one.accuracy),
            f"{100 * one.single:.1f}",
            f"{100 * one.oracle:.1f}",
        )
    return table

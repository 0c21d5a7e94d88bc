"""An evaluation as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from string import Template

from orchestrator.cli import eval_plots as plots
from orchestrator.cli.eval_table import COSTS, amount, between, head, notes, points, shortened
from routers.evaluate import Evaluation, Figures, Group, Report

_NUM_CONFUSIONS = 30


def page(found: Evaluation) -> str:
    """Tables and pictures of all routers."""
    names = ", ".join(report.name for report in found.reports)
    template = Template((files("orchestrator.cli") / "eval_page.html").read_text("utf-8"))
    return template.substitute(
        title=escape(f"Evaluation of {names}"),
        notes="\n".join(f"<li>{escape(note)}</li>" for note in notes(found)),
        body="\n".join(_body(found)),
    )


def _body(found: Evaluation) -> Iterator[str]:
    trial = found.trial
    yield f"<h2>{len(trial.examples)} questions, {len(trial.experts)} experts</h2>"
    yield _picture("quality-cost", "Quality against cost", plots.quality_and_cost(found))
    yield _arms(found)
    for report in found.reports:
        yield from _report(report, trial.experts)


def _report(report: Report, experts: Sequence[str]) -> Iterator[str]:
    yield f"<h2>{escape(report.name)}</h2>"
    yield f"<p>{escape('; '.join(line.strip() for line in head(report)))}</p>"
    if report.claims:
        drawn = plots.reliability(report.claims, name=report.name)
        yield _picture("reliability", f"{report.name}: claimed and reached", drawn)
    if report.entropies:
        drawn = plots.entropy(report.entropies, name=report.name)
        yield _picture("entropy", f"{report.name}: how unsure it was", drawn)
    drawn = plots.confusion(report, experts)
    yield _picture("confusion", f"{report.name}: which expert got which category", drawn)
    for title, groups in (("category", report.by_category), ("kind", report.by_kind)):
        if groups:
            yield _groups(title, groups)
    if report.confusions:
        rows = (
            (it.category, it.chosen, str(it.count), shortened(it.example))
            for it in report.confusions[:_NUM_CONFUSIONS]
        )
        yield "<h3>Chosen while another expert did better</h3>"
        yield _table(("category", "chosen", "questions", "such as"), rows)


def _arms(found: Evaluation) -> str:
    kinds = tuple(found.baselines[0].costs)
    heads = ("", "right %", "95 %", "over best single", "regret", *(COSTS[it] for it in kinds))
    routers = tuple(one for report in found.reports for one in report.figures)
    sections = (routers, found.baselines, found.singles)
    starts: list[int] = []
    rows: list[list[str]] = []
    for section in sections:
        starts.append(len(rows))
        rows += [_arm(one, [one.costs[kind] for kind in kinds]) for one in section]
    return _table(heads, rows, starts=starts)


def _arm(one: Figures, costs: Sequence[float]) -> list[str]:
    return [
        one.name,
        f"{100 * one.accuracy.mean:.1f}",
        between(one.accuracy),
        points(one.gain),
        points(one.regret),
        *(amount(cost) for cost in costs),
    ]


def _groups(title: str, groups: Sequence[Group]) -> str:
    rows = (
        (
            one.name,
            str(one.asked),
            f"{100 * one.accuracy.mean:.1f}",
            between(one.accuracy),
            f"{100 * one.single:.1f}",
            f"{100 * one.oracle:.1f}",
        )
        for one in groups
    )
    return _table((title, "asked", "right %", "95 %", "best single %", "oracle %"), rows)


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, starts: Sequence[int] = ()
) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    lines = []
    for number, row in enumerate(rows):
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        lines.append(f'<tr class="first">{cells}</tr>' if number in starts else f"<tr>{cells}</tr>")
    return "\n".join(["<table>", f"<tr>{head}</tr>", *lines, "</table>"])


def _picture(name: str, caption: str, svg: str) -> str:
    return f'<figure class="{name}">{svg}<figcaption>{escape(caption)}</figcaption></figure>'

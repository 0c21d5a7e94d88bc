"""A plan that was made and not carried out, as a program holds it and a person reads it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table

from orchestrator.batch.gantt import duration
from orchestrator.batch.gantt_page import timeline_page
from orchestrator.batch.gantt_text import timeline_text
from orchestrator.batch.progress import Bar, Timeline
from orchestrator.client.plan_wire import BatchPlan, Figures

_COLUMNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """`print` shows it, and so does a notebook; `plan` has the figures."""

    plan: BatchPlan

    @property
    def timeline(self) -> Timeline:
        """Its runs, as charts have them."""
        fields = tuple(Bar.__dataclass_fields__)
        return Timeline(
            batch_id="",
            predicted=tuple(
                Bar(**{name: getattr(run, name) for name in fields}) for run in self.plan.runs
            ),
            lower_bound_s=self.plan.summary.lower_bound_s,
        )

    @property
    def page(self) -> str:
        """A page that draws it and needs nothing beside it."""
        return timeline_page(self.timeline, title="Plan", notes=())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _compared(self.plan)
        yield timeline_text(self.timeline, width=options.max_width)

    def __str__(self) -> str:
        width = int(os.environ.get("COLUMNS", _COLUMNS))
        console = Console(width=width, no_color=True, highlight=False)
        with console.capture() as captured:
            console.print(self)
        return captured.get()


def _compared(plan: BatchPlan) -> Table:
    summary = plan.summary
    table = Table(
        title=f"{summary.num_requests:,} requests, {summary.num_calls:,} calls, "
        f"{summary.num_experts:,} experts, {summary.num_slots:,} slots",
        title_justify="left",
        caption=f"no plan is faster than {duration(summary.lower_bound_s)}",
        caption_justify="left",
    )
    for index, head in enumerate(("", "runs", "swaps", "in swaps", "until the end")):
        table.add_column(head, justify="right" if index else "left")
    table.add_row("planned", *_cells(summary))
    table.add_row("as they arrive", *_cells(summary.arrival))
    return table


def _cells(figures: Figures) -> list[str]:
    return [
        f"{figures.num_runs:,}",
        f"{figures.num_swaps:,}",
        duration(figures.swap_s),
        duration(figures.makespan_s),
    ]

"""A plan as tables and sentences."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from orchestrator.batch.gantt import duration
from orchestrator.client.plan_wire import BatchPlan, Figures

#: Experts that are listed; the rest is counted.
_MAX_EXPERTS = 20


def summary_table(plan: BatchPlan) -> Table:
    """The plan beside arrival order, and the bound that no plan can beat."""
    summary = plan.summary
    table = Table()
    table.add_column("")
    table.add_column("planned", justify="right")
    table.add_column("in arrival order", justify="right")
    pairs = zip(_cells(summary), _cells(summary.arrival), strict=True)
    for (name, planned), (_, arrived) in pairs:
        table.add_row(name, planned, arrived)
    bound = f"{duration(summary.lower_bound_s)}, the plan is {summary.gap:.1%} above"
    table.add_row("no plan is faster than", bound, "")
    if summary.num_late:
        table.add_row("requests past their deadline", f"{summary.num_late:,}", "")
    return table


def experts_table(plan: BatchPlan) -> Table:
    """What each expert would do, those with most calls first."""
    table = Table()
    table.add_column("expert")
    for head in ("calls", "tokens read", "written", "runs", "swaps", "slot time"):
        table.add_column(head, justify="right")
    for one in plan.experts[:_MAX_EXPERTS]:
        counts = (one.num_calls, one.prompt_tokens, one.output_tokens, one.num_runs, one.num_swaps)
        table.add_row(
            Text(one.expert), *(f"{count:,.0f}" for count in counts), duration(one.busy_s)
        )
    more = len(plan.experts) - _MAX_EXPERTS
    if more > 0:
        table.caption = f"and {more} more"
    return table


def summed_up(plan: BatchPlan) -> list[str]:
    """The same in sentences."""
    summary = plan.summary
    bound = f"No plan is faster than {duration(summary.lower_bound_s)}"
    return [
        *head(plan),
        f"{_said(summary)}; in arrival order {_said(summary.arrival)}.",
        f"{bound}: this one is {summary.gap:.1%} above.",
    ]


def head(plan: BatchPlan) -> list[str]:
    """What it is a plan of."""
    it = plan.summary
    slots = "1 slot" if it.num_slots == 1 else f"{it.num_slots:,} slots"
    experts = "1 expert" if it.num_experts == 1 else f"{it.num_experts:,} experts"
    tokens = f"about {it.prompt_tokens:,.0f} tokens read, {it.output_tokens:,.0f} written"
    calls = f"{it.num_requests:,} requests make {it.num_calls:,} calls of {experts} on {slots}"
    told = [f"{calls}: {tokens}"]
    if it.num_unplanned:
        told.append(
            f"{it.num_unplanned:,} calls have no place in the plan: their experts are upstreams, "
            "or no slot that is ready hosts them"
        )
    return told


def _cells(one: Figures) -> list[tuple[str, str]]:
    return [
        ("runs", f"{one.num_runs:,}"),
        ("swaps", f"{one.num_swaps:,}"),
        ("in swaps", duration(one.swap_s)),
        ("until the end", duration(one.makespan_s)),
    ]


def _said(one: Figures) -> str:
    swaps = "1 swap" if one.num_swaps == 1 else f"{one.num_swaps:,} swaps"
    return f"{swaps} ({duration(one.swap_s)}), {duration(one.makespan_s)} until the end"

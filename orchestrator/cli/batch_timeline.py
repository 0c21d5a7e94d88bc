"""`orchestrator batch timeline`."""

from __future__ import annotations

import typer
from rich.text import Text

from orchestrator.batch.gantt import duration, totals
from orchestrator.batch.gantt_page import timeline_page
from orchestrator.batch.gantt_text import timeline_text
from orchestrator.batch.progress import Bar, Timeline
from orchestrator.cli import batch_asking as asking
from orchestrator.cli.service_edits import URL, AsJson, Url


def batch_timeline(
    batch_id: asking.BatchId,
    html: asking.Html = None,
    url: Url = URL,
    api_key: asking.ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Draw which expert was to be where when, and below it where it was."""
    with asking.asking_batches(url, api_key) as client:
        found = client.batches.timeline(batch_id)
    timeline = asking.timeline_of(
        found.id, found.predicted, found.happened, lower_bound_s=found.lower_bound_s
    )
    if html is not None:
        asking.write_page(timeline_page(timeline, title=f"Batch {found.id}"), html)
    if as_json:
        typer.echo(asking.document(found))
    else:
        asking.show(
            Text("\n".join(_sums(timeline))), timeline_text(timeline, width=asking.columns())
        )


def _sums(timeline: Timeline) -> list[str]:
    sums = (("predicted", timeline.predicted), ("happened", timeline.happened))
    return [_sum(name, bars) for name, bars in sums if bars]


def _sum(name: str, bars: tuple[Bar, ...]) -> str:
    it = totals(bars)
    took = "" if it.swap_s is None else f" ({duration(it.swap_s)})"
    return (
        f"{name}: {it.num_runs:,} runs, {it.num_swaps:,} swaps{took}, "
        f"{duration(it.makespan_s)} until the end"
    )

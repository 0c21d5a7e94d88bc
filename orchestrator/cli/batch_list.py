"""`orchestrator batch list`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from orchestrator.cli import batch_asking as asking
from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.client.batch_wire import Batch, BatchList


def batch_list(
    limit: Annotated[int, typer.Option(min=1, max=100, help="The newest so many.")] = 20,
    after: Annotated[str | None, typer.Option(help="Id of the last one that was seen.")] = None,
    url: Url = URL,
    api_key: asking.ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List batches, newest first."""
    with asking.asking_batches(url, api_key) as client:
        found = client.batches.list(limit=limit, after=after)
    if as_json:
        typer.echo(asking.document(found))
    else:
        asking.show(_table(found))


def _table(found: BatchList) -> Table:
    table = Table()
    for name in ("id", "status", "lines", "failed", "endpoint", "created"):
        table.add_column(name, justify="right" if name in ("lines", "failed") else "left")
    for one in found.data:
        table.add_row(*map(Text, _cells(one)))
    if found.has_more:
        table.caption = f"there are more: --after {found.data[-1].id}"
    return table


def _cells(batch: Batch) -> tuple[str, ...]:
    counts = batch.request_counts
    lines = f"{counts.completed + counts.failed:,}/{counts.total:,}" if counts else "-"
    created = datetime.fromtimestamp(batch.created_at, tz=UTC).isoformat(timespec="seconds")
    failed = f"{counts.failed:,}" if counts else "-"
    return batch.id, batch.status, lines, failed, batch.endpoint, created

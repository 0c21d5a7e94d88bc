"""`orchestrator batch show`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import typer

from orchestrator.cli import batch_asking as asking
from orchestrator.cli.batch_screen import progress_lines
from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.client.batch_wire import Batch

_TIMES = (
    "created_at", "in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at",
    "cancelling_at", "cancelled_at", "expires_at",
)  # fmt: skip


def batch_show(
    batch_id: asking.BatchId,
    url: Url = URL,
    api_key: asking.ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show one batch: how far it is, its files and times, and why it failed."""
    with asking.asking_batches(url, api_key) as client:
        batch, progress = client.batches.get(batch_id), client.batches.progress(batch_id)
    if as_json:
        typer.echo(asking.document(batch))
        return
    typer.echo("\n".join([*progress_lines(progress, width=asking.columns()), *_lines(batch)]))
    asking.tell_faults(batch.faults, file=batch.input_file_id)


def _lines(batch: Batch) -> Iterator[str]:
    told = {
        "endpoint": batch.endpoint,
        "window": batch.completion_window,
        "input": batch.input_file_id,
        "output": batch.output_file_id,
        "errors": batch.error_file_id,
        **{f"metadata {name}": value for name, value in (batch.metadata or {}).items()},
        **{name.removesuffix("_at"): _time(getattr(batch, name)) for name in _TIMES},
    }
    width = max(map(len, told))
    yield from (f"{name:{width}}  {value}" for name, value in told.items() if value)


def _time(unix_s: int | None) -> str | None:
    if unix_s is None:
        return None
    return datetime.fromtimestamp(unix_s, tz=UTC).isoformat(timespec="seconds")

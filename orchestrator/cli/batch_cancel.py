"""`orchestrator batch cancel`."""

from __future__ import annotations

import typer

from orchestrator.cli import batch_asking as asking
from orchestrator.cli.service_edits import URL, AsJson, Url


def batch_cancel(
    batch_id: asking.BatchId,
    url: Url = URL,
    api_key: asking.ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """End a batch; what is finished is kept."""
    with asking.asking_batches(url, api_key) as client:
        batch = client.batches.cancel(batch_id)
    typer.echo(asking.document(batch) if as_json else f"{batch.id} is {batch.status}")

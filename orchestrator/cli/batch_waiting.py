"""Waiting for a batch at a terminal: how far it is, and what Ctrl-C does and does not."""

from __future__ import annotations

import sys

import typer

from orchestrator.cli.batch_asking import document, tell_faults
from orchestrator.cli.batch_screen import BatchScreen
from orchestrator.client.batch_wire import Batch, BatchProgress
from orchestrator.client.blocking import Client


def waited_for(client: Client, batch_id: str, *, as_json: bool = False) -> Batch:
    """The batch once it has ended, shown on the way; as JSON, an object a line on the output.

    Raises:
        Exit: of whoever does not want to wait any longer; the batch goes on.
    """
    try:
        with BatchScreen() as screen:
            return client.batches.wait(batch_id, heard=_tell if as_json else screen.heard)
    except KeyboardInterrupt:
        typer.echo(
            f"{batch_id} goes on without you: `orchestrator batch watch {batch_id}` shows it "
            f"again, `orchestrator batch cancel {batch_id}` ends it",
            err=True,
        )
        raise typer.Exit(130) from None


def tell_end(batch: Batch, *, file: str | None = None) -> None:
    """Say what became of a batch, and what to do next."""
    counts = batch.request_counts
    if batch.status == "failed":
        tell_faults(batch.faults, file=file or batch.input_file_id)
    elif batch.output_file_id or batch.error_file_id:
        failed = f", {counts.failed:,} failed" if counts and counts.failed else ""
        answers = "1 answer" if counts and counts.completed == 1 else "{:,} answers"
        done = f"{answers.format(counts.completed)}{failed}: " if counts else ""
        typer.echo(f"{done}`orchestrator batch output {batch.id}` prints them", err=True)
    else:
        typer.echo(f"{batch.id} is {batch.status}; no line of it has an answer", err=True)


def _tell(progress: BatchProgress) -> None:
    typer.echo(document(progress, indent=None))
    sys.stdout.flush()

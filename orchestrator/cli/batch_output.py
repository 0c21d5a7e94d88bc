"""`orchestrator batch output`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from orchestrator.cli import batch_asking as asking
from orchestrator.cli.service_edits import URL, Url
from orchestrator.client.batch_wire import Batch
from orchestrator.client.failures import sound
from orchestrator.errors import SetupError


def batch_output(
    batch_id: asking.BatchId,
    out: Annotated[Path | None, typer.Option(help="Write them into this file.")] = None,
    errors: Annotated[
        bool, typer.Option("--errors", help="Those lines that have no answer, and why.")
    ] = False,
    url: Url = URL,
    api_key: asking.ApiKey = None,
) -> None:
    """Print the results of a batch, JSON lines in the form of OpenAI's output files."""
    with asking.asking_batches(url, api_key) as client:
        batch = sound(client.batches.get(batch_id))
        file_id = _file_of(batch, errors=errors)
        with _written(out) as stream:
            for line in client.files.lines(file_id) if file_id else ():
                stream.write(line + b"\n")


def _file_of(batch: Batch, *, errors: bool) -> str | None:
    """The file that is asked for; `None` of a batch that has ended without such lines.

    Raises:
        SetupError: there is none yet.
    """
    found = batch.error_file_id if errors else batch.output_file_id
    if found is None and not batch.has_ended:
        raise SetupError(
            f"batch {batch.id!r} is {batch.status!r}: it has no results yet; wait with "
            f"`orchestrator batch watch {batch.id}`"
        )
    return found


@contextmanager
def _written(out: Path | None) -> Iterator[IO[bytes]]:
    """Where results go: a file that is there whole or not at all, else the output."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(out)
    except OSError as exc:
        raise SetupError(f"{str(out)!r} cannot be written: {exc.strerror}") from exc

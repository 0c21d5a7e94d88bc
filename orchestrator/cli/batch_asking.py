"""What the commands about batches share: how they ask, wait and draw."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType

from orchestrator.batch.progress import Bar, Timeline
from orchestrator.cli.live_names import batch_ids
from orchestrator.cli.service_edits import reached
from orchestrator.client.batch_wire import Bar as WireBar
from orchestrator.client.batch_wire import Batch, BatchFault
from orchestrator.client.blocking import Client
from orchestrator.client.plan_wire import PlanRun
from orchestrator.client.wire_form import Wire
from orchestrator.errors import SetupError

ApiKey = Annotated[
    str | None,
    typer.Option(
        envvar="ORCHESTRATOR_API_KEY", help="Whose files and batches; everybody's without."
    ),
]
BatchId = Annotated[str, typer.Argument(help="Id of a batch.", autocompletion=batch_ids)]
Input = Annotated[Path, typer.Argument(help="A file of requests, JSON lines.")]
Endpoint = Annotated[
    str | None, typer.Option(help="Of all lines; what the first line says by default.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page that draws it.")]

#: What lines ask for that do not say it.
_ENDPOINT = "/v1/chat/completions"
#: Read of a file to find out what its lines ask for.
_HEAD_BYTES = 1 << 20
#: Into a pipe, unless COLUMNS says otherwise.
_PIPE_COLUMNS = 160
_MAX_FAULTS = 20


@contextmanager
def asking_batches(url: str, api_key: str | None) -> Iterator[Client]:
    """A client of the service at `url`.

    Raises:
        SetupError: nothing answers there.
    """
    with Client(url, api_key=api_key) as client, reached(url):
        yield client


def endpoint_of(path: Path) -> str:
    """What the first line of a file asks for; the service says what is wrong with the others.

    Raises:
        SetupError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as exc:
        raise SetupError(f"{str(path)!r} cannot be read: {exc.strerror}") from exc
    first = next((line for line in head.splitlines() if line.strip()), b"")
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return _ENDPOINT
    url = found.get("url") if isinstance(found, dict) else None
    return url if isinstance(url, str) else _ENDPOINT


def document(value: Wire, *, indent: int | None = 2) -> str:
    """A value as JSON."""
    return json.dumps(value.model_dump(mode="json"), indent=indent)


def columns() -> int:
    """Of the terminal; of a pipe more than most have."""
    return shutil.get_terminal_size((_PIPE_COLUMNS, 24)).columns


def show(*parts: RenderableType) -> None:
    """Print tables and drawings."""
    console = Console(width=columns(), highlight=False)
    for part in parts:
        console.print(part, soft_wrap=False)


def write_page(page: str, path: Path) -> None:
    """Write a page and say where.

    Raises:
        SetupError: it cannot be written.
    """
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as exc:
        raise SetupError(f"{str(path)!r} cannot be written: {exc.strerror}") from exc
    typer.echo(f"wrote {path}", err=True)


def tell_faults(faults: Sequence[BatchFault], *, file: str) -> None:
    """Say what is wrong with a file, as compilers do."""
    for fault in faults[:_MAX_FAULTS]:
        line = "" if fault.line is None else f":{fault.line}"
        typer.echo(f"{file}{line}: {fault.message}", err=True)
    if len(faults) > _MAX_FAULTS:
        typer.echo(f"and {len(faults) - _MAX_FAULTS} more", err=True)


def ended(batch: Batch) -> None:
    """End the command as its batch ended: 0 where it is complete, else 1.

    Raises:
        Exit: it is not.
    """
    if batch.status != "completed":
        raise typer.Exit(1)


def timeline_of(
    batch_id: str,
    predicted: Iterable[WireBar | PlanRun],
    happened: Iterable[WireBar] = (),
    *,
    lower_bound_s: float | None,
) -> Timeline:
    """What the drawings are made from."""
    return Timeline(
        batch_id=batch_id,
        predicted=tuple(map(_bar, predicted)),
        happened=tuple(map(_bar, happened)),
        lower_bound_s=lower_bound_s,
    )


def _bar(run: WireBar | PlanRun) -> Bar:
    return Bar(
        slot=run.slot,
        expert=run.expert,
        stage=run.stage,
        num_calls=run.num_calls,
        begins_s=run.begins_s,
        step=run.step,
        step_s=run.step_s,
        ends_s=run.ends_s,
    )

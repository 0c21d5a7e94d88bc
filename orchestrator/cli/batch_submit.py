"""`orchestrator batch submit`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli import batch_asking as asking
from orchestrator.cli.batch_waiting import tell_end, waited_for
from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.errors import SetupError


def batch_submit(
    file: asking.Input,
    endpoint: asking.Endpoint = None,
    window: Annotated[str, typer.Option(help="By when it is to end: 24h, 90m, 7d.")] = "24h",
    metadata: Annotated[
        list[str] | None, typer.Option(help="A pair that the batch keeps, name=value; repeat.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Return when it has ended, and show it.")
    ] = False,
    url: Url = URL,
    api_key: asking.ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Have a service answer a file of requests, and print the id of the batch.

    With --wait it ends with 0 where the batch is complete, else with 1.
    """
    pairs = _pairs(metadata or ())
    endpoint = endpoint or asking.endpoint_of(file)
    with asking.asking_batches(url, api_key) as client:
        kept = client.files.upload(file)
        batch = client.batches.create(
            kept.id, endpoint=endpoint, completion_window=window, metadata=pairs
        )
        if not as_json or wait:
            typer.echo(batch.id, err=as_json)
        if wait:
            batch = waited_for(client, batch.id)
            tell_end(batch, file=str(file))
    if as_json:
        typer.echo(asking.document(batch))
    if wait:
        asking.ended(batch)


def _pairs(metadata: list[str] | tuple[str, ...]) -> dict[str, str]:
    parted = [one.partition("=") for one in metadata]
    for name, equals, _ in parted:
        if not (name and equals):
            raise SetupError(f"--metadata {name + equals!r} is not of the form name=value")
    return {name: value for name, _, value in parted}

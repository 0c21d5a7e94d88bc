"""`orchestrator keys list`."""

from __future__ import annotations

import json

import typer

from orchestrator.cli.keys_options import asking_keys, line_of
from orchestrator.cli.service_edits import URL, AsJson, Url


def keys_list(url: Url = URL, as_json: AsJson = False) -> None:
    """List keys, without their secrets."""
    with asking_keys(url) as admin:
        found = admin.every()
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), indent=2))
        return
    for key in found.data:
        typer.echo(line_of(key))
    if not found.are_asked_for:
        typer.echo("the service asks for none: start it with `--keys required`", err=True)

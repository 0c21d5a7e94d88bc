"""`orchestrator generations`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import typer

from orchestrator.cli.service_edits import URL, AsJson, Url, asking
from orchestrator.client.registry_wire import Generation


def generations(url: Url = URL, as_json: AsJson = False) -> None:
    """List the generations that a running service keeps, newest first."""
    with asking(url) as client:
        kept = client.generations()
    if as_json:
        typer.echo(json.dumps({"data": [one.model_dump(mode="json") for one in kept]}, indent=2))
        return
    for one in kept:
        typer.echo(_line(one))


def _line(one: Generation) -> str:
    created = datetime.fromtimestamp(one.created_s, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    source = one.source if one.restores is None else f"{one.source} to {one.restores}"
    state = "  live" if one.is_live else ""
    return (
        f"{one.number:>6}  {created}  {one.sha256[:12]}  {one.num_experts} experts  {source}{state}"
    )

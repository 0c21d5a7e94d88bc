"""`orchestrator experts list`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.file_edits import DEFAULT_FILE, AsJson, RegistryFile
from orchestrator.cli.plain_tables import table_lines
from orchestrator.cli.service_edits import reached
from orchestrator.cli.service_key import caller_key
from orchestrator.client.blocking import Client
from orchestrator.client.wire import Model
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert

OfService = Annotated[
    str | None, typer.Option("--url", help="Root of a running service, in place of a file.")
]


def experts_list(
    registry: RegistryFile = DEFAULT_FILE, url: OfService = None, as_json: AsJson = False
) -> None:
    """List the experts of a registry file, or with --url of a running service."""
    found = of_file(registry) if url is None else of_service(url)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    rows = [("id", "engine" if url is None else "version", "makes", "skills")]
    for one in found:
        kind = one["engine"]["kind"] if url is None else one["version"]
        rows.append((one["id"], str(kind), one["task"], ", ".join(one["skills"])))
    typer.echo("\n".join(table_lines(rows)))


def of_file(registry: Path) -> list[dict[str, Any]]:
    """What a registry file says of its experts, defaults filled in."""
    return [_told(one) for one in load(registry).experts]


def of_service(url: str) -> list[dict[str, Any]]:
    """What a service says of its experts."""
    with Client(url, api_key=caller_key()) as client, reached(url):
        return _experts(client.models())


def _told(expert: Expert) -> dict[str, Any]:
    return {**expert.model_dump(mode="json"), "task": "embed" if expert.embeds else "generate"}


def _experts(models: Iterable[Model]) -> list[dict[str, Any]]:
    found = [one.model_dump(mode="json") for one in models if one.kind != "composition"]
    return [{**one, "task": one["task"] or "generate"} for one in found]

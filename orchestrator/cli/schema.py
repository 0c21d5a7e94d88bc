"""`orchestrator schema`."""

from __future__ import annotations

import typer

from orchestrator.registry.schema import schema_text


def schema() -> None:
    """Print the JSON Schema of registry files."""
    typer.echo(schema_text(), nl=False)

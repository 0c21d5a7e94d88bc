"""`orchestrator version`."""

from __future__ import annotations

import typer

import orchestrator


def version() -> None:
    """Print the version."""
    typer.echo(orchestrator.__version__)

"""`orchestrator diff [FILE]`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.service_edits import URL, AsJson, Url, asking, diff_lines
from orchestrator.errors import SetupError


def diff(
    file: Annotated[
        Path | None, typer.Argument(help="A registry; the service's own file by default.")
    ] = None,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Say what a registry would change of what a running service serves; nothing is changed.

    Ends with 0 where it can be served, changed or not, and with 1 and the faults where it cannot.
    """
    with asking(url) as client:
        text = None if file is None else _content(file)
        found = client.reload(dry_run=True) if text is None else client.apply(text, dry_run=True)
    if as_json:
        typer.echo(json.dumps(found.diff.model_dump(mode="json"), indent=2))
        return
    typer.echo("\n".join(diff_lines(found.diff)))


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as exc:
        raise SetupError(f"{str(file)!r} cannot be read: {exc.strerror}") from exc
    if not content.strip():
        raise SetupError(f"{str(file)!r} is empty; a registry has at least `experts`")
    return content

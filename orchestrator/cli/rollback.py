"""`orchestrator rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.service_edits import URL, AsJson, Url, Wait, carry_out


def rollback(
    generation: Annotated[
        int | None, typer.Argument(min=1, help="Where to; the one before by default.")
    ] = None,
    url: Url = URL,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Serve an earlier generation again, as a new one; the registry file stays as it is."""
    carry_out(lambda client: client.rollback(generation), url=url, waits=wait, as_json=as_json)

"""`orchestrator keys revoke KEY`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from orchestrator.cli.keys_options import KeyId, asking_keys, tell
from orchestrator.cli.service_edits import URL, AsJson, Url


def keys_revoke(
    key: KeyId,
    forget: Annotated[
        bool, typer.Option("--forget", help="Keep nothing of it but its usage.")
    ] = False,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """End a key for good, on every gateway within a second."""
    with asking_keys(url) as admin:
        if not forget:
            tell(admin.revoke(key), as_json=as_json)
            return
        gone = admin.forget(key)
    told = (
        json.dumps(gone.model_dump(mode="json"))
        if as_json
        else f"{gone.id} is forgotten; its usage stays"
    )
    typer.echo(told)

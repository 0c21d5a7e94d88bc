"""`orchestrator keys rotate KEY`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.keys_options import KeyId, asking_keys, tell
from orchestrator.cli.service_edits import URL, AsJson, Url


def keys_rotate(
    key: KeyId,
    grace_s: Annotated[
        float, typer.Option(min=0, help="Seconds for which the secret before works on.")
    ] = 0.0,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Give a key another secret; it stays the same key, with its files and usage."""
    with asking_keys(url) as admin:
        renewed = admin.rotate(key, grace_s=grace_s)
    tell(renewed, as_json=as_json)

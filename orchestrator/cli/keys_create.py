"""`orchestrator keys create NAME`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.keys_options import (
    Expires,
    Tag,
    Term,
    asking_keys,
    seconds_of,
    tell,
    terms_of,
)
from orchestrator.cli.service_edits import URL, AsJson, Url


def keys_create(
    name: Annotated[str, typer.Argument(help="For people, such as its holder.")],
    term: Term = None,
    tag: Tag = None,
    admin: Annotated[bool, typer.Option("--admin", help="It may call /admin.")] = False,
    expires: Expires = None,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Make a key; its secret is printed this once."""
    terms = terms_of(term)
    with asking_keys(url) as admin_of_keys:
        made = admin_of_keys.create(
            name, terms=terms, tags=tag or (), is_admin=admin, expires_s=seconds_of(expires)
        )
    tell(made, as_json=as_json)

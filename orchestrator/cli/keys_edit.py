"""`orchestrator keys edit KEY`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.keys_options import (
    Expires,
    KeyId,
    Tag,
    Term,
    asking_keys,
    seconds_of,
    tell,
    terms_of,
)
from orchestrator.cli.service_edits import URL, AsJson, Url


def keys_edit(
    key: KeyId,
    name: Annotated[str | None, typer.Option(help="For people.")] = None,
    term: Term = None,
    tag: Tag = None,
    expires: Expires = None,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Change what a key may ask for; what is not given stays."""
    given = {
        "name": name,
        "terms": terms_of(term) or None,
        "tags": tag,
        "expires_s": seconds_of(expires),
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("give what is to change: --name, --term, --tag or --expires")
    with asking_keys(url) as admin:
        changed = admin.edit(key, **changes)
    tell(changed, as_json=as_json)

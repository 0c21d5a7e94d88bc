"""`orchestrator keys show KEY`."""

from __future__ import annotations

from orchestrator.cli.keys_options import KeyId, asking_keys, tell
from orchestrator.cli.service_edits import URL, AsJson, Url


def keys_show(key: KeyId, url: Url = URL, as_json: AsJson = False) -> None:
    """Show one key and what bounds its holder."""
    with asking_keys(url) as admin:
        found = admin.show(key)
    tell(found, as_json=as_json)

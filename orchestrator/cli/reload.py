"""`orchestrator reload`."""

from __future__ import annotations

from orchestrator.cli.service_edits import URL, AsJson, Url, Wait, carry_out


def reload(url: Url = URL, wait: Wait = True, as_json: AsJson = False) -> None:
    """Have a running service read its registry file again: 0 when it is live, 1 with the faults."""
    carry_out(lambda client: client.reload(), url=url, waits=wait, as_json=as_json)

"""`orchestrator unpin EXPERT`."""

from __future__ import annotations

from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.cli.service_slots import Expert, Slot, steer


def unpin(expert: Expert, slot: Slot = None, url: Url = URL, as_json: AsJson = False) -> None:
    """Keep an expert no longer: its place is given away like any other's."""
    steer(lambda client: client.unpin(expert, slot=slot), url=url, as_json=as_json)

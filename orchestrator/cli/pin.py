"""`orchestrator pin EXPERT`."""

from __future__ import annotations

from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.cli.service_slots import Expert, Slot, steer


def pin(expert: Expert, slot: Slot = None, url: Url = URL, as_json: AsJson = False) -> None:
    """Keep an expert where it is, once it is resident, until it is unpinned."""
    steer(lambda client: client.pin(expert, slot=slot), url=url, as_json=as_json)

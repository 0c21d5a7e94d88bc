"""`orchestrator unload EXPERT`."""

from __future__ import annotations

from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.cli.service_slots import Expert, Slot, Wait, steer


def unload(
    expert: Expert, slot: Slot = None, wait: Wait = True, url: Url = URL, as_json: AsJson = False
) -> None:
    """Have the engine of an expert step down once nobody waits for it."""
    steer(lambda client: client.unload(expert, slot=slot, wait=wait), url=url, as_json=as_json)

"""`orchestrator load EXPERT`."""

from __future__ import annotations

from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.cli.service_slots import Expert, Slot, Wait, steer


def load(
    expert: Expert, slot: Slot = None, wait: Wait = True, url: Url = URL, as_json: AsJson = False
) -> None:
    """Make an expert of a running service resident: 0 when it is, 1 with the reason."""
    steer(lambda client: client.load(expert, slot=slot, wait=wait), url=url, as_json=as_json)

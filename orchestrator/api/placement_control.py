"""What the endpoint may ask of whoever places experts: the Conductor, or a test."""

from __future__ import annotations

from typing import Protocol

from orchestrator.residency.placement_report import PlacementReport


class PlacementControl(Protocol):
    """Questions about homes, and the wish to move them now."""

    async def placement(self, carries_out: bool) -> PlacementReport:
        """What could be moved; with `carries_out` it is moved, if it is worth it.

        Raises:
            ConflictError: nothing is live yet; with `carries_out`, an edit or an earlier move is
                under way.
            ExpertUnavailableError: the owner does not answer.
        """
        ...

"""What the endpoint may ask of whoever sees all slots: the Conductor, or a test."""

from __future__ import annotations

from typing import Protocol

from orchestrator.engines.sighting import Residency
from orchestrator.residency.wishes import Granted, Wish


class ResidencyControl(Protocol):
    """Questions about slots, and wishes for them.

    Every method raises `ExpertUnavailableError` when the owner does not answer.
    """

    async def residency(self) -> Residency:
        """Every slot, asked afresh; one that does not answer is as it was heard last."""
        ...

    async def steer(self, wish: Wish) -> tuple[Granted, ...]:
        """Have a wish carried out at the slots that host its expert.

        Raises:
            InvalidRequestError: the slot that is named does not host it.
            ExpertUnavailableError: no slot hosts it yet, or none of them answers.
            EngineError: a step on the way failed.
        """
        ...

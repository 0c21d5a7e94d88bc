"""What the endpoint may ask of whoever runs its processes: the Conductor, or a test."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field


class RestartState(BaseModel):
    """How far a restart is; of the last one, when none is under way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: str | None = Field(
        default=None, description="`gateways`, `workers` or a slot; null before the first."
    )
    is_under_way: bool = False
    doing: str = Field(default="nothing", description="One sentence.")
    done: tuple[str, ...] = Field(default=(), description="Parts that are new.")
    left: tuple[str, ...] = Field(default=(), description="Parts that are still to come.")
    error: str | None = Field(default=None, description="Why it ended before its end.")
    took_s: float = 0.0


class RestartControl(Protocol):
    """Has processes of the service replaced, one by one, without a failed request."""

    async def restart(self, part: str) -> RestartState:
        """Begin with it; `part` is `gateways`, `workers` or the name of a slot.

        Raises:
            ConflictError: an earlier restart or an edit of the registry is under way.
            NotFoundError: there is no such slot.
            ExpertUnavailableError: the owner does not answer.
        """
        ...

    async def restarting(self) -> RestartState:
        """How far it is.

        Raises:
            ExpertUnavailableError: the owner does not answer.
        """
        ...

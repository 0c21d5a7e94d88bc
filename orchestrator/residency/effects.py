"""What a loop needs of the host it drives: the seam that keeps `residency` left of `engines`."""

from __future__ import annotations

from typing import Protocol

from orchestrator.errors import OrchestratorError
from orchestrator.residency.policy import Ticket


class Effects(Protocol):
    """Acts on one host and hears what happened; only `swap` and `restart` may take time."""

    @property
    def resident(self) -> str | None:
        """The expert whose weights are loaded; asked for anew each time, never remembered."""
        ...

    async def swap(self, expert: str) -> None:
        """Make `expert` resident; called only while nothing is in flight.

        Raises:
            SwapError: the weights are not in place, but the host can serve others.
            EngineDeadError: the host is gone.
        """
        ...

    async def restart(self) -> None:
        """Bring a dead host back, with whatever expert it starts with.

        Raises:
            EngineDeadError: it stays dead.
        """
        ...

    def queued(self, num_waiting: int) -> None:
        """The queue now has this length."""
        ...

    def admitted(self, ticket: Ticket, *, waited_s: float) -> None:
        """A ticket's turn has come."""
        ...

    def swapped(self, expert: str, *, took_s: float, error: OrchestratorError | None) -> None:
        """A swap ended; `error` says why it failed."""
        ...

    def died(self, error: OrchestratorError) -> None:
        """The host is dead; a restart has been asked for."""
        ...

    def restarted(self, error: OrchestratorError | None) -> None:
        """The restart ended; with an `error` the host stays dead."""
        ...

"""What a loop needs of the host it drives: the seam that keeps `residency` left of `engines`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from orchestrator.errors import OrchestratorError
from orchestrator.residency.policy import Ticket


class Effects(Protocol):
    """Acts on one host and hears what happened.

    Only `swap`, `add` and `restart` may take time. What the properties say is asked for anew each
    time, never remembered.
    """

    @property
    def residents(self) -> Collection[str]:
        """Experts that answer without a swap; none while that is not certain."""
        ...

    @property
    def adapters(self) -> Collection[str]:
        """Adapters, resident or not, that belong on the weights that are loaded."""
        ...

    @property
    def max_adapters(self) -> int:
        """Adapters that may be resident at once."""
        ...

    async def swap(self, expert: str) -> None:
        """Make `expert` resident; called only while nothing is in flight.

        Raises:
            SwapError: the weights are not in place, but the host can serve others.
            EngineDeadError: the host is gone.
        """
        ...

    async def add(self, expert: str, *, instead_of: str | None) -> None:
        """Put an adapter on the weights that are loaded, beside whatever is in flight.

        Args:
            expert: the adapter, one of `adapters`.
            instead_of: a resident one that answers no call and makes room.

        Raises:
            SwapError: it cannot be added; the other residents serve on.
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
        """A swap or an addition ended; `error` says why it failed."""
        ...

    def died(self, error: OrchestratorError) -> None:
        """The host is dead; a restart has been asked for."""
        ...

    def restarted(self, error: OrchestratorError | None) -> None:
        """The restart ended; with an `error` the host stays dead."""
        ...

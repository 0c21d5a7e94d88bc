"""What a loop needs of the host it drives: the seam that keeps `residency` left of `engines`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from orchestrator.errors import OrchestratorError
from orchestrator.residency.actions import StepAction
from orchestrator.residency.tickets import Ticket


class Effects(Protocol):
    """Acts on one host and hears what happened.

    Only `take` and `restart` may take time. What the properties say is asked for anew each
    time, never remembered.
    """

    @property
    def experts(self) -> Collection[str]:
        """What the host can become."""
        ...

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

    async def take(self, step: StepAction) -> None:
        """Take a step: of a swap, nothing is in flight; an addition is made beside calls.

        Raises:
            SwapError: the expert is not in place, but the host can serve others; or the host
                cannot take this step at all.
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

    def stepped(self, step: StepAction, *, took_s: float, error: OrchestratorError | None) -> None:
        """A step ended; `error` says why it failed."""
        ...

    def died(self, error: OrchestratorError) -> None:
        """The host is dead; a restart has been asked for."""
        ...

    def restarted(self, error: OrchestratorError | None) -> None:
        """The restart ended; with an `error` the host stays dead."""
        ...

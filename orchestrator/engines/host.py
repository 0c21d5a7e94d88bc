"""A live engine that can be turned into any expert of its lineage."""

from __future__ import annotations

from typing import Protocol

from orchestrator.engines.embedding import FullEngine
from orchestrator.registry.models import Expert


class Host(FullEngine, Protocol):
    """One engine in one slot, and the expert whose weights it holds now.

    A host never decides when to swap: the slot's loop calls `become` while nothing is in flight.
    """

    #: Id of the expert whose weights are loaded, `None` while there is none.
    resident: str | None

    def can_become(self, expert: Expert) -> bool:
        """Whether `expert` belongs to this host's lineage."""
        ...

    async def become(self, expert: Expert) -> None:
        """Load the weights of `expert` and prove by its canary that they are its own.

        Raises:
            SwapError: the weights could not be loaded or the canary does not match, not even in
                a fresh engine; the previous expert is resident and serves.
            EngineDeadError: the engine is gone.
        """
        ...

    async def check(self) -> None:
        """Raise `EngineDeadError` when the engine can no longer generate."""
        ...

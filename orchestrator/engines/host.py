"""A live engine that can be turned into any expert of its lineage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from orchestrator.engines.embedding import FullEngine
from orchestrator.registry.models import Expert
from orchestrator.residency.state import Footprint, Rung


class Host(FullEngine, Protocol):
    """One engine in one slot, the expert whose weights it holds now, and adapters on them.

    A host never decides when to swap: the slot's loop calls `become`, `sleep` and `wake` while
    nothing is in flight, and `add` where there is room or a resident adapter that answers no call.
    """

    #: Where it stands. Below `serving` it refuses calls, and `residents` is what it wakes up with.
    rung: Rung
    #: Rungs it can take, as detected when it started; `serving` and `stopped` at least.
    rungs: tuple[Rung, ...]

    #: Memory it held on the rungs it stood on, where that could be measured; the registry's claim
    #: holds for the others.
    footprints: Mapping[Rung, Footprint]
    #: Adapters that may be resident at once, 0 where the engine takes none.
    max_adapters: int

    @property
    def residents(self) -> tuple[Expert, ...]:
        """Experts that answer now: the one whose weights are loaded, then adapters added to them.

        None while that is not certain. Replaced as a whole when it changes.
        """
        ...

    def can_become(self, expert: Expert) -> bool:
        """Whether `expert` belongs to this host's lineage."""
        ...

    async def become(self, expert: Expert) -> None:
        """Load the weights of `expert`, no adapter, and prove by its canary that they are its own.

        Adapters that were resident are gone.

        Raises:
            SwapError: the weights could not be loaded or the canary does not match, not even in
                a fresh engine; the previous expert is resident and serves.
            EngineDeadError: the engine is gone.
        """
        ...

    async def add(self, expert: Expert, *, instead_of: Expert | None = None) -> None:
        """Put an adapter on the weights that are loaded, and prove it by its canary.

        Calls of other residents go on meanwhile.

        Args:
            expert: the adapter.
            instead_of: a resident adapter to take away first; it answers no call.

        Raises:
            SwapError: it is of another base or damaged, there is no room, or the canary does not
                match; the others are resident and serve.
            EngineDeadError: the engine is gone.
        """
        ...

    async def sleep(self, rung: Rung) -> None:
        """Step down to `asleep` (weights in host memory) or `weightless`; nothing is in flight.

        Raises:
            SwapError: it cannot take that rung from the one it stands on, and stays there; or it
                failed on its way, was started anew and serves. `rung` says which.
            EngineDeadError: the engine is gone.
        """
        ...

    async def wake(self, expert: Expert) -> None:
        """Come back from either rung holding `expert`, and prove it by its canary.

        Adapters outlive a sleep in host memory, unless it wakes up as another expert: `residents`
        says which are there.

        Raises:
            OutOfMemoryError: the device has no room for it; it sleeps on.
            SwapError: what `expert` is was refused before anything was done, and it sleeps on; or
                the canary does not match, not even in a fresh engine, and the previous expert is
                resident and serves. `rung` says which.
            EngineDeadError: the engine is gone.
        """
        ...

    async def check(self) -> None:
        """Raise `EngineDeadError` when the engine can no longer generate."""
        ...

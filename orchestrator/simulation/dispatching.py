"""Which slot a simulated call goes to: as the gateway decides it, or as a peer does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from orchestrator.simulation.slot import SimulatedSlot


class Dispatching(Protocol):
    """Puts the slots that host an expert in the order in which they are asked."""

    def __call__(self, expert: str, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
        """The slots, the best first."""
        ...


class LeastInFlight:
    """As `engines/dispatch.py` ranks them: fewest calls, then where the expert was last."""

    def __init__(self) -> None:
        self._last_slot: dict[str, str] = {}

    def __call__(self, expert: str, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
        """The slots, the least loaded first; the first one is remembered."""
        last = self._last_slot.get(expert)
        ranked = sorted(slots, key=lambda slot: (slot.num_calls, slot.name != last))
        self._last_slot[expert] = ranked[0].name
        return ranked

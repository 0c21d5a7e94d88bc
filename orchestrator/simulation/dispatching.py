"""Which slot a simulated call goes to: as the gateway decides it, or as it is done elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from orchestrator.residency.preference import disturbance
from orchestrator.simulation.slot import SimulatedSlot


class Dispatching(Protocol):
    """Puts the slots that host an expert in the order in which they are asked."""

    def __call__(self, expert: str, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
        """The slots, the best first."""
        ...


def least_disturbed(expert: str, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
    """As our gateway ranks them, if it were the only one."""
    return sorted(slots, key=lambda slot: disturbance(expert, slot.load))


def least_in_flight(expert: str, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
    """Fewest calls, then where the expert was last: what gateways do that balance load alone."""
    return sorted(slots, key=lambda slot: (slot.num_calls, slot.load.last_expert != expert))

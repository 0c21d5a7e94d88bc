"""Which slot a simulated call goes to: as the gateway decides it, or as it is done elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.residency.choice import delay_s
from orchestrator.simulation.slot import SimulatedSlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A call that looks for a slot."""

    expert: str
    #: The gateway that holds it: each knows of its own calls alone.
    gateway: int = 0
    #: Slots where the expert is at home, none where that is not planned.
    homes: Collection[str] = ()


class Dispatching(Protocol):
    """Puts the slots that host an expert in the order in which they are asked."""

    def __call__(self, errand: Errand, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
        """The slots, the best first."""
        ...


def least_delay(errand: Errand, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
    """As our gateways rank them."""

    def rank(slot: SimulatedSlot) -> tuple[float, int]:
        view = slot.view(errand.gateway)
        return delay_s(errand.expert, view, is_home=slot.name in errand.homes)

    return sorted(slots, key=rank)


def least_in_flight(errand: Errand, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
    """Fewest calls, then where the expert was last: what gateways do that balance load alone."""

    def rank(slot: SimulatedSlot) -> tuple[int, bool]:
        view = slot.view(errand.gateway)
        return sum(view.num_by_expert.values()), view.last_expert != errand.expert

    return sorted(slots, key=rank)

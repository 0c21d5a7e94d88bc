"""The one interface of ours and the peers': values in, one action out.

`residency` has our own; it is written out here since the simulator needs no more of one.
"""

from __future__ import annotations

from typing import Protocol

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action
from orchestrator.residency.state import SlotState
from orchestrator.residency.tickets import Queues, Ticket


class Policy(Protocol):
    """Decides for one slot; asked again after each action until it answers `Wait`."""

    def __call__(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
        """The one thing to do now."""
        ...


class Doorkeeper(Protocol):
    """Says at arrival whether a ticket can be taken."""

    def __call__(
        self, ticket: Ticket, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
    ) -> float | None:
        """Seconds after which to come again, `None` for a ticket that is taken."""
        ...

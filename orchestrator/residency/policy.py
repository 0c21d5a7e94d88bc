"""Which call a slot takes next and what its engines turn into: values in, one action out.

The loop asks a policy after every event and carries the answer out. A policy does no I/O, logs
nothing and reads no clock, so the same code runs in the worker, in tests and in the simulator.
"""

from __future__ import annotations

from typing import Protocol

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import SlotState


class Policy(Protocol):
    """Decides for one slot; asked again after each action until it answers `Wait`."""

    def __call__(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
        """The one thing to do now.

        Args:
            state: the slot, as it is.
            queues: the tickets that wait.
            costs: what steps and calls take.
            now_s: the time on the clock that stamped the tickets.
        """
        ...

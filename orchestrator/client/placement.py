"""Questions about where experts are at home, built once for both clients, and the answers."""

from __future__ import annotations

from orchestrator.client.calls import Outgoing
from orchestrator.client.wire_form import Wire


def placement_call(*, carry_out: bool) -> Outgoing:
    """Ask what could be moved, or have it moved."""
    if carry_out:
        return Outgoing(method="POST", path="/admin/placement")
    return Outgoing(method="GET", path="/admin/placement", repeats="wanted")


class Forecast(Wire):
    """What an arrangement is expected to cost."""

    #: Calls that wait for a turn, on average.
    waiting: float
    swaps_per_s: float
    busiest: float


class ExpertHomes(Wire):
    """Where one expert is at home, and could be."""

    expert: str
    calls_per_s: float
    homes: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()


class EngineHosts(Wire):
    """Where a lineage has engines, and could have."""

    lineage: str
    slots: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()


class Placement(Wire):
    """One look at the placement."""

    is_observed: bool
    is_worth: bool
    is_carried_out: bool
    why: str
    gain_s: float
    moving_s: float
    num_starts: int = 0
    num_homes_moved: int = 0
    changed_s_ago: float | None = None
    now: Forecast
    then: Forecast
    experts: tuple[ExpertHomes, ...] = ()
    lineages: tuple[EngineHosts, ...] = ()

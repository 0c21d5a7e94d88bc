"""When each expert that waits has its turn: what `estimates` says of its first call, in one pass.

Asked one by one, a thousand experts that wait take most of a second, and a slot is asked twice a
second how it is doing.
"""

from __future__ import annotations

from orchestrator.costs.costs import Costs
from orchestrator.residency.queues import Queues
from orchestrator.residency.schedule import Schedule
from orchestrator.residency.state import SlotState


def expected_waits_s(
    state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> dict[str, float]:
    """Seconds until the turn of the next call of each expert that waits; see `expected_wait_s`."""
    schedule = Schedule(state, queues, costs, now_s=now_s)
    waits_s: dict[str, float] = {}
    for _, _, expert in queues.by_wanted:
        let_in_s = schedule.let_in_s(expert)
        waits_s[expert] = schedule.start_s(expert) if let_in_s is None else let_in_s
        if let_in_s is None:
            schedule.give(expert)
    return waits_s

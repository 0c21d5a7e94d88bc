"""The workload of PEERS.md, by every arm: swaps, makespan and seconds in steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.planner_baselines import collated, waves
from orchestrator.planner.arrival import arrival_order
from orchestrator.planner.plan import Plan
from orchestrator.planner.planner import planned
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.workload import Workload

WAVE = 100
_ARRIVAL = "arrival order and LRU"
_WAVES = "waves of 100"
_RESIDENTS = "waves of 100, residents first"
_ONE = "one wave"
#: What PEERS.md says, by slots and arm.
PUBLISHED: Mapping[int, Mapping[str, int]] = {
    1: {_ARRIVAL: 2891, _WAVES: 160, _RESIDENTS: 151, _ONE: 16},
    2: {_ARRIVAL: 2659, _WAVES: 160, _RESIDENTS: 142, _ONE: 16},
    4: {_ARRIVAL: 1976, _WAVES: 160, _RESIDENTS: 124, _ONE: 16},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What became of one arm."""

    num_swaps: int
    makespan_s: float
    swap_s: float
    lower_bound_s: float

    def told(self) -> dict[str, Any]:
        """As figures."""
        return asdict(self)


def arms(workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts) -> dict[str, Arm]:
    """Every arm on one workload."""
    found = {
        _ARRIVAL: arrival_order(workload, slots, costs),
        "llama-swap's queue": collated(workload, slots, costs),
        _WAVES: waves(workload, slots, costs, size=WAVE),
        _RESIDENTS: waves(workload, slots, costs, size=WAVE, residents_first=True),
        _ONE: waves(workload, slots, costs, size=workload.num_requests),
        "planned": planned(workload, slots, costs),
    }
    bound_s = found["planned"].lower_bound_s
    return {name: _arm(plan, bound_s) for name, plan in found.items()}


def _arm(plan: Plan, bound_s: float) -> Arm:
    return Arm(
        num_swaps=plan.num_swaps,
        makespan_s=plan.makespan_s,
        swap_s=plan.swap_s,
        lower_bound_s=bound_s,
    )


def as_rows(num_slots: int, found: Mapping[str, Arm]) -> Iterator[tuple[str, str]]:
    """The rows of the table."""
    for name, arm in found.items():
        published = PUBLISHED[num_slots].get(name)
        said = f" (PEERS.md: {published:,})" if published else ""
        yield (
            f"slots {num_slots}: {name}",
            (
                f"{arm.num_swaps:,} swaps{said}, {arm.makespan_s:,.0f} s, "
                f"bound {arm.lower_bound_s:,.0f} s"
            ),
        )

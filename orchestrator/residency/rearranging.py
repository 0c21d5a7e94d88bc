"""Whether homes and engines are moved now: what it would gain, what it costs, and why not."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.residency.demand import Demand
from orchestrator.residency.forecast import Arrangement, Forecast, forecast
from orchestrator.residency.homes import Limits, Solver, arranged, moves, moving_s
from orchestrator.residency.load import Load

#: Part of what is waited and lost now that a change has to gain.
_LEAST_GAIN = 0.05
#: Part of all calls that has to have gone over to other experts before anything is looked at.
_LEAST_SHIFT = 0.1
#: Between two changes: the caches and averages of the last one are to settle.
LEAST_BETWEEN_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What could be moved, and whether it is worth it."""

    now: Forecast
    then: Forecast
    arrangement: Arrangement
    num_starts: int
    num_homes_moved: int
    #: What the moves take, seconds.
    moving_s: float
    #: What callers wait and slots lose less within the horizon, moves not yet taken off, seconds.
    gain_s: float
    is_worth: bool
    #: One sentence.
    why: str


def proposed(demand: Demand, now: Arrangement, *, limits: Limits, solver: Solver) -> Proposal:
    """What to move under `demand`, as a value; it takes up to the limits' time."""
    then = arranged(demand, now, limits=limits, solver=solver)
    before, after = forecast(demand, now), forecast(demand, then)
    gain_s = (before.cost - after.cost) * demand.prices.horizon_s
    cost_s = moving_s(demand, now, then)
    num_starts, num_homes = moves(demand, now, then)
    least_s = before.cost * demand.prices.horizon_s * _LEAST_GAIN
    is_worth, why = _judged(demand, now, then, gain_s=gain_s, cost_s=cost_s, least_s=least_s)
    return Proposal(
        now=before,
        then=after,
        arrangement=then,
        num_starts=num_starts,
        num_homes_moved=num_homes,
        moving_s=cost_s,
        gain_s=gain_s,
        is_worth=is_worth,
        why=why,
    )


def has_shifted(before: Load, now: Load) -> bool:
    """Whether enough is asked of other experts, or more or less at all, for another look."""
    keys = before.calls_per_s.keys() | now.calls_per_s.keys()
    moved = sum(
        abs(now.calls_per_s.get(key, 0.0) - before.calls_per_s.get(key, 0.0)) for key in keys
    )
    every = max(sum(before.calls_per_s.values()), sum(now.calls_per_s.values()))
    return moved > _LEAST_SHIFT * every


def _judged(
    demand: Demand,
    now: Arrangement,
    then: Arrangement,
    *,
    gain_s: float,
    cost_s: float,
    least_s: float,
) -> tuple[bool, str]:
    over = f"over {demand.prices.horizon_s:g} s"
    if not demand.units:
        return False, "no expert of a slot was asked for yet"
    if then == now:
        return False, "nothing that costs less was found"
    if gain_s <= cost_s:
        return False, f"it would save {gain_s:.1f} s {over} and the moves take {cost_s:.1f} s"
    if gain_s < least_s:
        return False, f"it would save {gain_s:.1f} s {over}, less than {_LEAST_GAIN:.0%} of all"
    return True, f"it saves {gain_s:.1f} s {over} for moves of {cost_s:.1f} s"

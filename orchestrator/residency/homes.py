"""Homes for experts: the best of what is there, one after another, and the integer program.

What is too large for one program is solved by neighbourhoods: a few slots that cost the most,
with some that cost little, are arranged anew while the others stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.residency.demand import Demand, Unit
from orchestrator.residency.forecast import Arrangement, forecast, hosted_by_slot, of_slot
from orchestrator.residency.spread import spread

#: Units times slots up to which one program is solved to the end in time.
_WHOLE = 600
#: Slots of one neighbourhood, and how many of them are looked at.
_NEIGHBOURS = 6
_NUM_NEIGHBOURHOODS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may take and change."""

    #: Engines that it may start in slots which have none of their lineage.
    max_starts: int = 2
    #: All programs together.
    time_s: float = 5.0


#: Improves on an arrangement: demand, what is now, an answer that is known, limits.
Solver = Callable[[Demand, Arrangement, Arrangement, Limits], Arrangement | None]


def arranged(demand: Demand, now: Arrangement, *, limits: Limits, solver: Solver) -> Arrangement:
    """The arrangement with the least forecast that was found, `now` where nothing is better.

    Args:
        demand: what is asked for.
        now: where everything is.
        limits: of time and change.
        solver: `residency.solver.solved`; where it gives up, what is known stands.
    """
    known = [now, spread(demand, now.hosts), spread(demand, now.hosts, previous=now.homes)]
    best = min(known, key=lambda one: _cost(demand, now, one))
    if len(demand.units) * len(demand.slots) <= _WHOLE:
        return _better(demand, now, best, solver(demand, now, best, limits))
    each = replace(limits, time_s=limits.time_s / _NUM_NEIGHBOURHOODS)
    for number in range(_NUM_NEIGHBOURHOODS):
        best = _improved(demand, now, best, _neighbourhood(demand, best, number), each, solver)
    return best


def moves(demand: Demand, now: Arrangement, then: Arrangement) -> tuple[int, int]:
    """Engines that are started where none of their lineage was, and homes that change."""
    starts = sum(
        len(set(names) - set(now.hosts.get(lineage, ()))) for lineage, names in then.hosts.items()
    )
    homes = sum(
        len(set(then.homes[unit.id]) - set(now.homes[unit.id]))
        for unit in demand.units
        if unit.id in now.homes and unit.id in then.homes
    )
    return starts, homes


def moving_s(demand: Demand, now: Arrangement, then: Arrangement) -> float:
    """What the moves take, seconds: starts, and a swap for each home that changes."""
    swap_s = {unit.id: unit.swap_s for unit in demand.units}
    new = sum(
        swap_s[id_] * len(set(names) - set(now.homes[id_]))
        for id_, names in then.homes.items()
        if id_ in now.homes and id_ in swap_s
    )
    return moves(demand, now, then)[0] * demand.prices.start_s + new


def _cost(demand: Demand, now: Arrangement, then: Arrangement) -> float:
    """Seconds a second, its moves spread over the time that it should last."""
    return forecast(demand, then).cost + moving_s(demand, now, then) / demand.prices.horizon_s


def _better(
    demand: Demand, now: Arrangement, known: Arrangement, found: Arrangement | None
) -> Arrangement:
    if found is None or _cost(demand, now, found) >= _cost(demand, now, known):
        return known
    return found


def _neighbourhood(demand: Demand, best: Arrangement, number: int) -> tuple[str, ...]:
    """Slots by what they cost: of the dearest some, and of the cheapest as many, in turn."""
    homes = {unit.id: best.homes_of(unit) for unit in demand.units}
    parts: dict[str, list[tuple[Unit, float]]] = {name: [] for name in demand.slots}
    for unit in demand.units:
        for name in homes[unit.id]:
            parts[name].append((unit, 1 / len(homes[unit.id])))
    hosted = hosted_by_slot(best.hosts)

    def cost(name: str) -> tuple[float, str]:
        part = of_slot(demand, name, hosted.get(name, ()), parts[name])
        return part.waiting + part.busy, name

    ranked = sorted(demand.slots, key=cost, reverse=True)
    half = _NEIGHBOURS // 2
    first, last = number * half, len(ranked) - number * half
    chosen = [*ranked[first : first + half], *ranked[max(last - half, 0) : max(last, 0)]]
    return tuple(dict.fromkeys(chosen or ranked[:_NEIGHBOURS]))


def _improved(
    demand: Demand,
    now: Arrangement,
    best: Arrangement,
    names: Sequence[str],
    limits: Limits,
    solver: Solver,
) -> Arrangement:
    """`best` with the homes within `names` arranged anew, where that is better."""
    inside = _part(demand, best, names)
    found = solver(inside, _within(now, names), _within(best, names), limits)
    if found is None:
        return best
    return _better(demand, now, best, _put_back(best, found, names))


def _part(demand: Demand, best: Arrangement, names: Sequence[str]) -> Demand:
    """What comes to these slots alone."""
    units = []
    for unit in demand.units:
        homes = best.homes_of(unit)
        num_inside = sum(name in names for name in homes)
        if num_inside:
            part = num_inside / len(homes)
            units.append(replace(unit, calls_per_s=unit.calls_per_s * part))
    return replace(demand, units=tuple(units), slots={name: demand.slots[name] for name in names})


def _within(arrangement: Arrangement, names: Sequence[str]) -> Arrangement:
    return Arrangement(
        hosts=_filtered(arrangement.hosts, names), homes=_filtered(arrangement.homes, names)
    )


def _filtered(
    slots: Mapping[str, tuple[str, ...]], names: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    kept = {id_: tuple(name for name in at if name in names) for id_, at in slots.items()}
    return {id_: at for id_, at in kept.items() if at}


def _put_back(best: Arrangement, found: Arrangement, names: Sequence[str]) -> Arrangement:
    """What was found within `names`, with all that `best` has outside."""

    def joined(
        all_: Mapping[str, tuple[str, ...]], some: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        outside = {id_: tuple(name for name in at if name not in names) for id_, at in all_.items()}
        ids = dict.fromkeys([*all_, *some])
        both = {id_: (*outside.get(id_, ()), *some.get(id_, ())) for id_ in ids}
        return {id_: at for id_, at in both.items() if at}

    return Arrangement(hosts=joined(best.hosts, found.hosts), homes=joined(best.homes, found.homes))

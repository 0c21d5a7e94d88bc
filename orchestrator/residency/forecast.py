"""What an arrangement of homes is expected to cost: seconds of slots a second.

All arrangements are judged by this one sum, whoever proposed them. On a slot with `n` engines of a
lineage the `n - 1` experts most asked for keep one each, and the others rotate on the last: each
has a turn for whatever waited for it, so that many calls cost fewer swaps than calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.residency.demand import Demand, Unit
from orchestrator.residency.spaces import Lineage, SlotSpace

#: What a busy slot is minded while all are at ease, against swapping: waits grow with it.
BALANCE = 0.1
#: Steps of the search for a wait: a hundredth of a round is near enough.
_NUM_HALVINGS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Where lineages have engines, and where the experts that are asked for are at home."""

    #: Lineage -> slots.
    hosts: Mapping[str, tuple[str, ...]]
    #: Unit -> slots, the first preferred; one that is not named is at home wherever it is hosted.
    homes: Mapping[str, tuple[str, ...]]

    def homes_of(self, unit: Unit) -> tuple[str, ...]:
        """Slots that share its calls."""
        hosts = self.hosts.get(unit.lineage, ())
        return tuple(name for name in self.homes.get(unit.id, ()) if name in hosts) or hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What an arrangement costs under a demand."""

    #: Time that callers wait for turns, seconds a second: so many wait on average.
    waiting: float
    #: Calls a second whose expert shares an engine, and swaps a second for them.
    turning_per_s: float
    swaps_per_s: float
    #: The longest round of an engine that turns between several experts.
    longest_round_s: float
    #: Share of its time that each slot is busy or swaps.
    busy_by_slot: Mapping[str, float]
    #: The sum that is minimised, seconds a second.
    cost: float

    @property
    def busiest(self) -> float:
        """Share of its time that the busiest slot is busy or swaps."""
        return max(self.busy_by_slot.values(), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one slot, or the engines of one lineage there, add to a forecast."""

    waiting: float = 0.0
    turning_per_s: float = 0.0
    swaps_per_s: float = 0.0
    round_s: float = 0.0
    busy: float = 0.0

    def __add__(self, other: Part) -> Part:
        return Part(
            waiting=self.waiting + other.waiting,
            turning_per_s=self.turning_per_s + other.turning_per_s,
            swaps_per_s=self.swaps_per_s + other.swaps_per_s,
            round_s=max(self.round_s, other.round_s),
            busy=self.busy + other.busy,
        )


def forecast(demand: Demand, arrangement: Arrangement) -> Forecast:
    """What `arrangement` is expected to cost."""
    parts_by_slot: dict[str, list[tuple[Unit, float]]] = defaultdict(list)
    for unit in demand.units:
        homes = arrangement.homes_of(unit)
        for name in homes:
            parts_by_slot[name].append((unit, 1 / len(homes)))
    hosted = hosted_by_slot(arrangement.hosts)
    parts = {
        name: of_slot(demand, name, hosted.get(name, ()), parts_by_slot.get(name, ()))
        for name in demand.slots
    }
    every = sum(parts.values(), start=Part())
    busy = {name: part.busy for name, part in parts.items()}
    return Forecast(
        waiting=every.waiting,
        turning_per_s=every.turning_per_s,
        swaps_per_s=every.swaps_per_s,
        longest_round_s=every.round_s,
        busy_by_slot=busy,
        cost=every.waiting + imbalance(demand, max(busy.values(), default=0.0)),
    )


def imbalance(demand: Demand, busiest: float) -> float:
    """What the busiest slot costs, as if all waited for it once it is not at ease any more."""
    over = max(0.0, busiest - demand.prices.at_ease)
    return len(demand.slots) * (BALANCE * busiest + over)


def hosted_by_slot(hosts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Lineages with an engine in each slot."""
    found: dict[str, list[str]] = defaultdict(list)
    for lineage, names in hosts.items():
        for name in names:
            found[name].append(lineage)
    return found


def of_slot(
    demand: Demand, name: str, hosted: Sequence[str], parts: Sequence[tuple[Unit, float]]
) -> Part:
    """What one slot has to do.

    Args:
        demand: of the whole service.
        name: the slot's.
        hosted: lineages that have engines there.
        parts: units that are at home there, with the share of their calls that come there.
    """
    pace = demand.prices.pace_by_slot.get(name, 1.0)
    found = Part(busy=pace * sum(demand.share(unit) * part for unit, part in parts))
    engines = engines_on(demand.slots[name], [demand.lineages[one] for one in hosted])
    by_lineage: dict[str, list[tuple[Unit, float]]] = defaultdict(list)
    for unit, part in parts:
        by_lineage[unit.lineage].append((unit, part))
    for lineage, its_parts in by_lineage.items():
        found += _turning(demand, its_parts, engines.get(lineage, 0))
    return found


def engines_on(slot: SlotSpace, lineages: Sequence[Lineage]) -> dict[str, int]:
    """How many engines of each lineage run at once: one each, then second ones, while they fit."""
    found: dict[str, int] = {}
    free_gib = slot.memory_gib
    for _ in range(slot.engines):
        for lineage in lineages:
            if lineage.memory_gib <= free_gib:
                found[lineage.id] = found.get(lineage.id, 0) + 1
                free_gib -= lineage.memory_gib
    return found


def turns_per_s(calls_per_s: float, round_s: float) -> float:
    """How often an expert has a turn: for each call, but no more than once in `round_s`."""
    return calls_per_s / (1 + calls_per_s * round_s)


def _turning(demand: Demand, parts: Sequence[tuple[Unit, float]], num_engines: int) -> Part:
    """What the engines of one lineage have to do, as far as experts share them."""
    if len(parts) <= num_engines:
        return Part()
    ordered = sorted(parts, key=lambda one: -one[0].calls_per_s * one[1])
    turning = [(unit, unit.calls_per_s * part) for unit, part in ordered[max(num_engines - 1, 0) :]]
    # Without an engine that stands, each turn begins with a start in another's place.
    extra_s = 0.0 if num_engines else demand.prices.start_s
    round_s = sum(unit.swap_s + extra_s + unit.call_s for unit, _ in turning)
    queue_s = _queue_s(
        [(unit.swap_s + extra_s + unit.call_s, per_s) for unit, per_s in turning], round_s
    )
    turns = [turns_per_s(per_s, 2 * queue_s) for _, per_s in turning]
    every = sum(turns)
    if not every:
        return Part()
    found = Part(round_s=round_s)
    for (unit, per_s), turn in zip(turning, turns, strict=True):
        share = 1 - turn / every if num_engines else 1.0
        swaps, waits_s = share * turn, share * (unit.swap_s + extra_s) + queue_s
        found += Part(
            waiting=per_s * waits_s,
            turning_per_s=per_s,
            swaps_per_s=swaps,
            busy=swaps * (unit.swap_s + extra_s),
        )
    return found + _followed(demand, turning)


def _queue_s(turns: Sequence[tuple[float, float]], round_s: float) -> float:
    """How long a turn waits for others: like calls at one counter, half a round at most.

    The longer it waits, the more calls share a turn, and the fewer turns there are: so there is one
    wait that fits itself.

    Args:
        turns: seconds of each, and calls a second that ask for it.
        round_s: all of them together.
    """
    low_s, high_s = 0.0, round_s / 2
    for _ in range(_NUM_HALVINGS):
        middle_s = (low_s + high_s) / 2
        rates = [turns_per_s(per_s, 2 * middle_s) for _, per_s in turns]
        busy = sum(rate * long_s for rate, (long_s, _) in zip(rates, turns, strict=True))
        mean_s = busy / max(sum(rates), 1e-12)
        is_longer = busy >= 1 or busy / (1 - busy) * mean_s / 2 > middle_s
        low_s, high_s = (middle_s, high_s) if is_longer else (low_s, middle_s)
    return high_s


def _followed(demand: Demand, turning: Sequence[tuple[Unit, float]]) -> Part:
    """Swaps beyond those of chance: what follows another on one engine evicts it each time."""
    part_by_unit = {unit.id: (unit, per_s / unit.calls_per_s) for unit, per_s in turning}
    found = Part()
    for (one, other), per_s in demand.followed_per_s.items():
        if one in part_by_unit and other in part_by_unit:
            unit, part = part_by_unit[other]
            swaps = per_s * part * part_by_unit[one][1]
            seconds = swaps * unit.swap_s
            found += Part(waiting=seconds, swaps_per_s=swaps, busy=seconds)
    return found

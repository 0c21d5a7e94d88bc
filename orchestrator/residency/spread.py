"""Homes one after another, the most asked for first: the answer where the solver has none.

Source: longest processing time first, on the forecast of `residency/forecast.py` instead of a sum.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import ceil

from orchestrator.residency.demand import Demand, Unit
from orchestrator.residency.forecast import (
    Arrangement,
    Part,
    engines_on,
    hosted_by_slot,
    imbalance,
    of_slot,
)

#: Slots that are looked at for one unit: the least busy, beside those it was at home in.
_CANDIDATES = 8


def spread(
    demand: Demand,
    hosts: Mapping[str, tuple[str, ...]],
    *,
    previous: Mapping[str, tuple[str, ...]] | None = None,
) -> Arrangement:
    """Give every unit its homes among the slots that have engines of its lineage now.

    Args:
        demand: what is asked for.
        hosts: lineage -> slots, as they are.
        previous: unit -> slots; of equally good ones those are taken again.
    """
    return _Spreading(demand, hosts, previous or {}).run()


def num_copies(demand: Demand, hosts: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """In how many slots each unit should be at home.

    As many as its load takes, and more of the most asked for while engines would hold nothing.
    """
    copies = {
        unit.id: min(
            max(1, ceil(demand.share(unit) / demand.prices.at_ease)),
            max(1, len(hosts.get(unit.lineage, ()))),
        )
        for unit in demand.units
    }
    for lineage, names in hosts.items():
        units = [unit for unit in demand.units if unit.lineage == lineage]
        num_left = _num_places(demand, hosts, lineage) - sum(copies[unit.id] for unit in units)
        ranked = [(-unit.busy / copies[unit.id], unit.id, unit) for unit in units]
        heapq.heapify(ranked)
        while num_left > 0 and ranked:
            _, _, unit = heapq.heappop(ranked)
            if copies[unit.id] < len(names):
                copies[unit.id] += 1
                num_left -= 1
                heapq.heappush(ranked, (-unit.busy / copies[unit.id], unit.id, unit))
    return copies


def _num_places(demand: Demand, hosts: Mapping[str, tuple[str, ...]], lineage: str) -> int:
    hosted = hosted_by_slot(hosts)
    return sum(
        engines_on(demand.slots[name], [demand.lineages[one] for one in hosted[name]]).get(
            lineage, 0
        )
        for name in hosts[lineage]
    )


class _Spreading:
    """The state of one run."""

    def __init__(
        self,
        demand: Demand,
        hosts: Mapping[str, tuple[str, ...]],
        previous: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._demand = demand
        self._hosts = hosts
        self._previous = previous
        self._hosted = hosted_by_slot(hosts)
        self._parts: dict[str, list[tuple[Unit, float]]] = defaultdict(list)
        self._now = dict.fromkeys(demand.slots, Part())
        self._busiest = 0.0

    def run(self) -> Arrangement:
        """Place everyone."""
        copies = num_copies(self._demand, self._hosts)
        homes = {unit.id: self._placed(unit, copies[unit.id]) for unit in self._demand.units}
        return Arrangement(hosts=self._hosts, homes={id_: at for id_, at in homes.items() if at})

    def _placed(self, unit: Unit, count: int) -> tuple[str, ...]:
        homes: list[str] = []
        for _ in range(count):
            options = [name for name in self._candidates(unit) if name not in homes]
            if not options:
                break
            homes.append(self._take(unit, 1 / count, options))
        return tuple(homes)

    def _candidates(self, unit: Unit) -> list[str]:
        hosts = self._hosts.get(unit.lineage, ())
        light = sorted(hosts, key=lambda name: (self._now[name].busy, name))
        count = max(_CANDIDATES, 2 * len(self._previous.get(unit.id, ())))
        return list(
            dict.fromkeys(
                [name for name in self._previous.get(unit.id, ()) if name in hosts] + light[:count]
            )
            if count < len(light)
            else light
        )

    def _take(self, unit: Unit, part: float, options: Sequence[str]) -> str:
        after = {
            name: of_slot(
                self._demand, name, self._hosted[name], [*self._parts[name], (unit, part)]
            )
            for name in options
        }
        best = min(options, key=lambda name: self._rank(unit, name, after[name]))
        self._parts[best].append((unit, part))
        self._now[best] = after[best]
        self._busiest = max(self._busiest, after[best].busy)
        return best

    def _rank(self, unit: Unit, name: str, after: Part) -> tuple[float, bool, float, str]:
        busiest = max(self._busiest, after.busy)
        added = after.waiting - self._now[name].waiting + imbalance(self._demand, busiest)
        was_home = name in self._previous.get(unit.id, ())
        return round(added, 9), not was_home, after.busy, name

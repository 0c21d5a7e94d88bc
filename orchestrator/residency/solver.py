"""Homes by an integer program, solved by HiGHS: which weights stay where, and which rotate.

Source: MoETuner (arXiv:2502.06643) balances the load of devices and keeps experts that follow one
another together. Ours: what follows another on one engine evicts it, so such are kept apart; an
engine is either one expert's own or turns between several; engines themselves move at a price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from orchestrator.residency.demand import Demand, Unit
from orchestrator.residency.forecast import BALANCE, Arrangement, forecast, turns_per_s
from orchestrator.residency.homes import Limits
from orchestrator.residency.spaces import fits_alone
from orchestrator.residency.spread import num_copies

#: Slots that are options for one unit, beside those it is or was at home in.
_OPTIONS = 4
#: Pairs that follow one another which are looked at, the most frequent.
_MAX_PAIRS = 100
#: How far from the optimum is near enough.
_GAP = 0.02


def solved(
    demand: Demand, now: Arrangement, start: Arrangement, limits: Limits
) -> Arrangement | None:
    """The homes that cost least, or nearly; `None` where none were found in time.

    Args:
        demand: what is asked for.
        now: where everything is; what changes is charged.
        start: an answer that is known; its homes are among the options.
        limits: of time and change.
    """
    if not demand.units:
        return None
    program = _Program(demand, now, start, limits)
    found = milp(
        np.array(program.prices),
        integrality=np.array(program.is_whole, dtype=int),
        bounds=Bounds(0, np.array(program.most)),
        constraints=program.constraints(),
        options={"time_limit": limits.time_s, "mip_rel_gap": _GAP},
    )
    return None if found.x is None else program.read(found.x)


class _Program:
    """The variables, by what they stand for, and the rows over them."""

    def __init__(
        self, demand: Demand, now: Arrangement, start: Arrangement, limits: Limits
    ) -> None:
        self._demand, self._now, self._limits = demand, now, limits
        self.prices: list[float] = []
        self.is_whole: list[bool] = []
        self.most: list[float] = []
        self._at: dict[tuple[str, ...], int] = {}
        self._rows: list[tuple[dict[int, float], float, float]] = []
        able = {
            id_: tuple(name for name, slot in demand.slots.items() if fits_alone(lineage, slot))
            for id_, lineage in demand.lineages.items()
        }
        #: Slots that it has, and those that it may be given.
        self._able = {id_: tuple({*able[id_], *now.hosts.get(id_, ())}) for id_ in able}
        self._copies = num_copies(demand, now.hosts)
        self._options = self._optional(start)
        known = forecast(demand, start)
        #: Of the answer that is known: the longest round, and what a call that turns waits.
        self._round_s = max(known.longest_round_s, _mean_round_s(demand))
        self._turn_s = known.waiting / known.turning_per_s if known.turning_per_s else 0.0
        self._add_engines()
        self._add_units()
        self._add_busy()
        self._add_pairs()

    def constraints(self) -> LinearConstraint:
        """All rows."""
        rows = [i for i, (terms, _, _) in enumerate(self._rows) for _ in terms]
        columns = [at for terms, _, _ in self._rows for at in terms]
        values = [value for terms, _, _ in self._rows for value in terms.values()]
        shape = (len(self._rows), len(self.prices))
        return LinearConstraint(
            csr_array((values, (rows, columns)), shape=shape),
            np.array([low for _, low, _ in self._rows]),
            np.array([high for _, _, high in self._rows]),
        )

    def read(self, x: Sequence[float]) -> Arrangement:
        """What the solution stands for."""
        homes: dict[str, list[str]] = defaultdict(list)
        for unit in self._demand.units:
            for name in self._options[unit.id]:
                if any(self._is_on(x, what, unit.id, name) for what in ("keeps", "turns")):
                    homes[unit.id].append(name)
        used = {(unit.lineage, name) for unit in self._demand.units for name in homes[unit.id]}
        return Arrangement(
            hosts={id_: self._hosts(x, id_, used) for id_ in self._demand.lineages},
            homes={id_: tuple(names) for id_, names in homes.items() if names},
        )

    def _hosts(
        self, x: Sequence[float], lineage: str, used: set[tuple[str, str]]
    ) -> tuple[str, ...]:
        """What is there stays unless its memory is taken; what is new is used."""
        before = self._now.hosts.get(lineage, ())
        stands = [name for name in self._able[lineage] if self._is_on(x, "engine", lineage, name)]
        kept = [name for name in before if name in stands]
        fresh = [name for name in stands if name not in before and (lineage, name) in used]
        return tuple(kept + sorted(fresh)) or tuple(before)

    def _is_on(self, x: Sequence[float], *what: str) -> bool:
        return what in self._at and bool(x[self._at[what]] > 0.5)

    def _optional(self, start: Arrangement) -> dict[str, tuple[str, ...]]:
        """Slots for each unit: those it has, those of `start`, and others in turn."""
        found = {}
        for number, unit in enumerate(self._demand.units):
            able = sorted(self._able[unit.lineage])
            step = max(len(able) // _OPTIONS, 1)
            others = [able[(number + i * step) % len(able)] for i in range(_OPTIONS)]
            had = (*start.homes.get(unit.id, ()), *self._now.homes.get(unit.id, ()))
            few = len(able) <= 2 * _OPTIONS
            mine = [*(name for name in had if name in able), *(able if few else others)]
            found[unit.id] = tuple(dict.fromkeys(mine))
        return found

    def _variable(
        self, *what: str, price: float = 0.0, most: float = 1.0, is_whole: bool = True
    ) -> int:
        self._at[what] = len(self.prices)
        self.prices.append(price)
        self.most.append(most)
        self.is_whole.append(is_whole)
        return self._at[what]

    def _row(self, terms: Mapping[int, float], low: float, high: float) -> None:
        self._rows.append((dict(terms), low, high))

    def _add_engines(self) -> None:
        demand = self._demand
        start_price = demand.prices.start_s / demand.prices.horizon_s
        starts: dict[int, float] = {}
        for id_, lineage in demand.lineages.items():
            # Asked for or not, it is to stand somewhere; where that cannot be it stays as it is.
            somewhere = {self._variable("nowhere", id_, price=demand.prices.start_s): 1.0}
            for name in self._able[id_]:
                slot = demand.slots[name]
                most = min(slot.engines, int(slot.memory_gib / max(lineage.memory_gib, 1e-6)))
                number = self._variable("number", id_, name, most=max(most, 0))
                stands = self._variable("engine", id_, name)
                self._row({number: 1, stands: -1}, 0, np.inf)
                self._row({number: 1, stands: -max(most, 1)}, -np.inf, 0)
                somewhere[stands] = 1.0
                if name not in self._now.hosts.get(id_, ()):
                    self.prices[stands] = start_price
                    starts[stands] = 1.0
            self._row(somewhere, 1, np.inf)
        if starts:
            self._row(starts, 0, self._limits.max_starts)
        for name, slot in demand.slots.items():
            held = {
                self._at["number", id_, name]: lineage.memory_gib
                for id_, lineage in demand.lineages.items()
                if name in self._able[id_]
            }
            self._row(held, 0, slot.memory_gib)

    def _add_units(self) -> None:
        """Each copy keeps an engine, turns on one with others, or its lineage has none standing."""
        demand = self._demand
        own: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        rounds: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        for unit in demand.units:
            copies = self._copies[unit.id]
            start_s = demand.prices.start_s
            waits = self._variable("waits", unit.id, price=unit.calls_per_s * 2 * start_s)
            homes: dict[int, float] = {waits: copies}
            for name in self._options[unit.id]:
                keeps = self._variable("keeps", unit.id, name, price=self._moving(unit, name))
                price = self._turning(unit, copies) + self._moving(unit, name)
                long_s = unit.swap_s + unit.call_s
                turns = self._variable("turns", unit.id, name, price=price)
                homes |= {keeps: 1, turns: 1}
                self._row({keeps: 1, turns: 1}, 0, 1)
                own[unit.lineage, name][keeps] = 1.0
                shared = self._shared(unit.lineage, name)
                self._row({turns: 1, shared: -1}, -np.inf, 0)
                rounds[unit.lineage, name][turns] = long_s
            self._row(homes, copies, copies)
        for (lineage, name), terms in own.items():
            shared, number = self._shared(lineage, name), self._at["number", lineage, name]
            self._row({**terms, shared: 1, number: -1}, -np.inf, 0)
            self._row(rounds[lineage, name], 0, self._round_s)

    def _shared(self, lineage: str, name: str) -> int:
        """Whether one of the engines there turns between several."""
        what = ("shared", lineage, name)
        return self._at[what] if what in self._at else self._variable(*what)

    def _turning(self, unit: Unit, copies: int) -> float:
        """What callers wait because it turns with others in one of its homes, as far as known."""
        return unit.calls_per_s / copies * max(self._turn_s, unit.swap_s)

    def _swapping(self, unit: Unit, copies: int) -> float:
        return turns_per_s(unit.calls_per_s / copies, self._round_s) * unit.swap_s

    def _moving(self, unit: Unit, name: str) -> float:
        has_homes = bool(self._now.homes.get(unit.id))
        is_new = has_homes and name not in self._now.homes[unit.id]
        return unit.swap_s / self._demand.prices.horizon_s if is_new else 0.0

    def _add_busy(self) -> None:
        demand = self._demand
        count = len(demand.slots)
        busiest = self._variable("busiest", price=count * BALANCE, most=np.inf, is_whole=False)
        over = self._variable("over", price=float(count), most=np.inf, is_whole=False)
        self._row({over: 1, busiest: -1}, -demand.prices.at_ease, np.inf)
        for terms in self._work().values():
            self._row({busiest: 1, **terms}, 0, np.inf)

    def _work(self) -> dict[str, dict[int, float]]:
        demand = self._demand
        work: dict[str, dict[int, float]] = defaultdict(dict)
        for unit in demand.units:
            copies = self._copies[unit.id]
            for name in self._options[unit.id]:
                pace = demand.prices.pace_by_slot.get(name, 1.0)
                busy = demand.share(unit) * pace / copies
                work[name][self._at["keeps", unit.id, name]] = -busy
                turning = busy + self._swapping(unit, copies)
                work[name][self._at["turns", unit.id, name]] = -turning
        return work

    def _add_pairs(self) -> None:
        """Charge what follows another on an engine that turns between them."""
        for one, other, per_s in self._pairs():
            for name in self._options[one]:
                ends = [self._at.get(("turns", id_, name)) for id_ in (one, other)]
                if ends[0] is None or ends[1] is None:
                    continue
                price = per_s / (self._copies[one] * self._copies[other])
                both = self._variable("both", one, other, name, price=price, is_whole=False)
                self._row({both: 1, ends[0]: -1, ends[1]: -1}, -1, np.inf)

    def _pairs(self) -> Iterator[tuple[str, str, float]]:
        swap_s = {unit.id: unit.swap_s for unit in self._demand.units}
        known = [
            (one, other, per_s * swap_s[other])
            for (one, other), per_s in self._demand.followed_per_s.items()
            if one in swap_s and other in swap_s
        ]
        yield from sorted(known, key=lambda pair: (-pair[2], pair[:2]))[:_MAX_PAIRS]


def _mean_round_s(demand: Demand) -> float:
    """How long a round of turns takes if all were to turn, evenly over the slots."""
    each_s = sum(unit.swap_s + unit.call_s for unit in demand.units)
    return each_s / max(len(demand.slots), 1)

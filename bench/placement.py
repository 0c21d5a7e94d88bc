"""Measures homes by observed load, on against off, in simulated time: `python -m bench.placement`.

Prints a table and writes bench/out/placement.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from statistics import mean
from time import perf_counter
from typing import Any

from bench.parts import Part, main_of
from bench.report import Outcome as Measured
from bench.report import Target
from bench.setup import Setup
from orchestrator.residency.demand import Demand, Prices, demand_of
from orchestrator.residency.forecast import Arrangement, forecast
from orchestrator.residency.homes import Limits, arranged
from orchestrator.residency.load import Load as Asked
from orchestrator.residency.solver import solved
from orchestrator.residency.spaces import Lineage, SlotSpace
from orchestrator.residency.spread import spread
from orchestrator.simulation.contenders import contender
from orchestrator.simulation.run import Setting, Simulation
from orchestrator.simulation.workloads import Load, made

_GAIN = "makespan, off to on, several gateways, mean"
_GAIN_P50 = "median wait, off to on, several gateways, mean"
_ALONE = "makespan, off to on, one gateway, mean"
ON_OFF = (
    Target(name=_GAIN, sense=">=", limit=1.05, unit="times"),
    Target(name=_GAIN_P50, sense=">=", limit=1.1, unit="times"),
    Target(name=_ALONE, sense=">=", limit=0.97, unit="times"),
)
_SECONDS = "homes of 1,000 experts on 100 slots"
_COST = "forecast of the program's homes to the greedy ones', 1,000 experts"
SOLVER = (
    Target(name=_SECONDS, sense="<=", limit=15, unit="s"),
    Target(name=_COST, sense="<=", limit=1.0),
)

_KINDS = ("uniform", "zipf", "day", "waves")
_GATEWAYS = (1, 2, 4)
_NUM_SLOTS = 4
_SEEDS = (11, 12)
_EXPERTS_A_SLOT = 4
_REQUESTS_PER_S_A_SLOT = 4.0
_REQUESTS_A_SLOT = 900
_BETWEEN_S = 30.0
_MAX_WAIT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One trace, with homes or without: means over the seeds."""

    trace: str
    num_slots: int
    num_gateways: int
    has_homes: bool
    makespan_s: float
    p50_wait_s: float
    p99_wait_s: float
    num_swaps: float
    num_refused: float
    num_changes: float


def on_off(setup: Setup) -> Measured:
    """Play every trace with homes and without, through one gateway and through several."""
    del setup
    pairs = [
        (_cell(kind, gateways, has_homes=False), _cell(kind, gateways, has_homes=True))
        for gateways in _GATEWAYS
        for kind in _KINDS
    ]
    several = [pair for pair in pairs if pair[0].num_gateways > 1]
    alone = [pair for pair in pairs if pair[0].num_gateways == 1]
    return Measured(
        values={
            _GAIN: mean(off.makespan_s / on.makespan_s for off, on in several),
            _GAIN_P50: mean(off.p50_wait_s / max(on.p50_wait_s, 0.1) for off, on in several),
            _ALONE: mean(off.makespan_s / on.makespan_s for off, on in alone),
        },
        figures={"cells": [asdict(cell) for pair in pairs for cell in pair]},
        rows=[row for pair in pairs for row in _rows(*pair)],
    )


def solver(setup: Setup) -> Measured:
    """Choose homes for a thousand experts, by rule and by program."""
    del setup
    demand, now = _thousand()
    greedy = spread(demand, now.hosts)
    began_s = perf_counter()
    found = arranged(demand, now, limits=Limits(), solver=solved)
    took_s = perf_counter() - began_s
    costs = {"greedy": forecast(demand, greedy).cost, "program": forecast(demand, found).cost}
    return Measured(
        values={_SECONDS: took_s, _COST: costs["program"] / costs["greedy"]},
        figures={"cost": costs},
        rows=[(f"forecast, {name}", f"{cost:,.1f} calls waiting") for name, cost in costs.items()],
    )


def _cell(kind: str, num_gateways: int, *, has_homes: bool) -> Cell:
    setting = Setting(
        num_slots=_NUM_SLOTS,
        max_wait_s=_MAX_WAIT_S,
        num_gateways=num_gateways,
        between_s=_BETWEEN_S,
    )
    outcomes, changes = [], []
    for seed in _SEEDS:
        trace = made(kind, _load(seed))
        ours = contender("bounded", trace)
        if has_homes:
            ours = replace(ours, solver=solved)
        run = Simulation(trace, ours, setting)
        outcomes.append(run.run())
        changes.append(run.placing.num_changes if run.placing else 0)
    return Cell(
        trace=kind,
        num_slots=_NUM_SLOTS,
        num_gateways=num_gateways,
        has_homes=has_homes,
        makespan_s=mean(one.makespan_s for one in outcomes),
        p50_wait_s=mean(one.p50_wait_s for one in outcomes),
        p99_wait_s=mean(one.p99_wait_s for one in outcomes),
        num_swaps=mean(one.num_swaps for one in outcomes),
        num_refused=mean(one.num_refused for one in outcomes),
        num_changes=mean(changes),
    )


def _load(seed: int) -> Load:
    return Load(
        num_requests=_REQUESTS_A_SLOT * _NUM_SLOTS,
        num_experts=_EXPERTS_A_SLOT * _NUM_SLOTS,
        requests_per_s=_REQUESTS_PER_S_A_SLOT * _NUM_SLOTS,
        seed=seed,
    )


def _thousand() -> tuple[Demand, Arrangement]:
    """Experts by Zipf, at a hundred calls a second, on slots with three engines each."""
    dice = random.Random(1)
    keys = [f"e{number:04}" for number in range(1000)]
    weights: Mapping[str, float] = {key: 1 / (rank + 1) for rank, key in enumerate(keys)}
    every = sum(weights.values())
    load = Asked(
        calls_per_s={key: 100 * weight / every for key, weight in weights.items()},
        followed_per_s={(dice.choice(keys), dice.choice(keys)): 0.05 for _ in range(50)},
    )
    slots = [
        SlotSpace(name=f"s{number:02}", memory_gib=74.5, accelerators=1, engines=3)
        for number in range(100)
    ]
    lineage = Lineage(id="siblings", experts=tuple(keys), memory_gib=24.6)
    demand = demand_of([lineage], slots, load, Prices(swap_s=2.57, call_s=1.0, calls_beside=64))
    return demand, Arrangement(hosts={"siblings": tuple(demand.slots)}, homes={})


def _rows(off: Cell, on: Cell) -> Iterator[tuple[str, str]]:
    where = f"{off.trace}, {off.num_slots} slots, {off.num_gateways} gateways"
    figures = (
        f"{off.makespan_s:.0f} -> {on.makespan_s:.0f} s, {off.p50_wait_s:.1f} -> "
        f"{on.p50_wait_s:.1f} s, {off.p99_wait_s:.1f} -> {on.p99_wait_s:.1f} s, "
        f"{off.num_swaps:.0f} -> {on.num_swaps:.0f}"
    )
    yield f"{where}: makespan, p50, p99, swaps", figures


PARTS: dict[str, Any] = {"on_off": Part(ON_OFF, on_off), "solver": Part(SOLVER, solver)}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="placement.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())

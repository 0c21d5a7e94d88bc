"""Ours and the peers' policies on every trace, from one slot to many, in simulated time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import inf, isfinite
from statistics import mean
from typing import Any

from bench.report import Outcome as Measured
from bench.report import Target
from bench.setup import Setup
from orchestrator.residency.bounded import Bounded
from orchestrator.simulation.contenders import PEERS, contender
from orchestrator.simulation.outcome import Outcome
from orchestrator.simulation.profile import profiled
from orchestrator.simulation.run import Contender, Setting, simulated
from orchestrator.simulation.trace import Trace
from orchestrator.simulation.workloads import KINDS, Load, made

NAME = "grid"

_BROKEN = "waits beyond the bound, ours, all cells and knobs"
_DOMINATED = "cells in which a peer is better in makespan and p99 wait than ours as shipped"
_DOMINATES = "traces on which ours over its knob beats LRU and FIFO in both, fewest of all loads"
_REFUSED = "share of requests refused by ours as shipped, worst cell"
_SWAPS = "ABCABC on one slot: swaps of arrival order to ours"
TARGETS = (
    Target(name=_BROKEN, sense="<=", limit=0),
    Target(name=_DOMINATED, sense="<=", limit=0),
    Target(name=_DOMINATES, sense=">=", limit=4, unit=f"of {len(KINDS)}"),
    Target(name=_REFUSED, sense="<=", limit=0.01),
    Target(name=_SWAPS, sense=">=", limit=10, unit="times"),
)

_KNOB = (0.0, 0.25, 0.5, 0.67, 0.8, 1.0)
_SHIPPED = Bounded().patience
_MAX_WAIT_S = 120.0
#: Seeds by slots: on few slots the last round of experts alone moves a figure by a percent.
_SEEDS = {1: 8, 2: 4, 4: 4, 16: 2, 64: 1}
#: Requests a second for each slot, by slots: a third of what one serves, and near all of it.
_RATES = {1: (8.0, 20.0), 2: (8.0, 20.0), 4: (8.0, 20.0), 16: (8.0,), 64: (8.0,)}
#: A dozen experts wait for one slot; more slots get more, so that there is something to place.
_FEWEST_EXPERTS, _EXPERTS_A_SLOT = 12, 4
_FEWEST_REQUESTS, _REQUESTS_A_SLOT = 2400, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A load: how much of which kind is asked of how many slots."""

    trace: str
    num_slots: int
    #: For each slot.
    requests_per_s: float

    def __str__(self) -> str:
        return f"{self.trace}, {self.num_slots} slots, {self.requests_per_s:g}/s"

    def load(self, seed: int) -> Load:
        """As a trace is made of it."""
        return Load(
            num_requests=max(_FEWEST_REQUESTS, _REQUESTS_A_SLOT * self.num_slots),
            num_experts=max(_FEWEST_EXPERTS, _EXPERTS_A_SLOT * self.num_slots),
            requests_per_s=self.requests_per_s * self.num_slots,
            seed=seed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One spot under one policy: means over the seeds."""

    trace: str
    num_slots: int
    requests_per_s: float
    policy: str
    #: Of ours.
    patience: float | None
    makespan_s: float
    p50_wait_s: float
    p99_wait_s: float
    max_wait_s: float
    num_swaps: float
    refused: float
    hit_rate: float

    def beats(self, other: Cell) -> bool:
        """Whether it is better in both figures that count."""
        return self.makespan_s < other.makespan_s and self.p99_wait_s < other.p99_wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """All policies on one spot."""

    ours: Mapping[float, Cell]
    peers: Mapping[str, Cell]

    @property
    def shipped(self) -> Cell:
        """Ours, as it is without a setting."""
        return self.ours[_SHIPPED]

    @property
    def dominating(self) -> list[str]:
        """Peers that are better in both figures than ours as shipped."""
        return [name for name, cell in self.peers.items() if cell.beats(self.shipped)]

    @property
    def dominates(self) -> bool:
        """Whether some place of the knob beats both LRU and FIFO."""
        rivals = [self.peers["lru"], self.peers["fifo"]]
        return any(all(cell.beats(rival) for rival in rivals) for cell in self.ours.values())


def measure(setup: Setup) -> Measured:
    """Play all traces on all numbers of slots under all policies."""
    del setup
    grid = {spot: _cells(spot) for spot in _spots()}
    every = [cell for cells in grid.values() for cell in cells.ours.values()]
    won: Counter[str] = Counter()
    for spot, cells in grid.items():
        won[f"{spot.num_slots} slots, {spot.requests_per_s:g}/s"] += cells.dominates
    abcabc = grid[Spot(trace="abcabc", num_slots=1, requests_per_s=_RATES[1][0])]
    values = {
        _BROKEN: float(sum(cell.max_wait_s > _MAX_WAIT_S for cell in every)),
        _DOMINATED: float(sum(bool(cells.dominating) for cells in grid.values())),
        _DOMINATES: float(min(won.values())),
        _REFUSED: max(cells.shipped.refused for cells in grid.values()),
        _SWAPS: abcabc.peers["lru"].num_swaps / abcabc.shipped.num_swaps,
    }
    rows = [row for spot, cells in grid.items() for row in _rows(spot, cells)]
    figures = {
        "max_wait_s": _MAX_WAIT_S,
        "seeds_by_slots": _SEEDS,
        "traces": [_profile(spot) for spot in grid],
        "traces_won_by_load": won,
        "dominated": {str(it): cells.dominating for it, cells in grid.items() if cells.dominating},
        "cells": [_plain(it) for cells in grid.values() for it in _all(cells)],
    }
    return Measured(values=values, figures=figures, rows=rows)


def _spots() -> Iterator[Spot]:
    for num_slots, rates in _RATES.items():
        for rate in rates:
            for kind in KINDS:
                yield Spot(trace=kind, num_slots=num_slots, requests_per_s=rate)


def _cells(spot: Spot) -> Cells:
    traces = [made(spot.trace, spot.load(seed + 1)) for seed in range(_SEEDS[spot.num_slots])]
    peers = {name: _cell(spot, traces, name) for name in PEERS}
    ours = {knob: _cell(spot, traces, "bounded", patience=knob) for knob in _KNOB}
    return Cells(ours=ours, peers=peers)


def _cell(spot: Spot, traces: list[Trace], name: str, *, patience: float | None = None) -> Cell:
    setting = Setting(num_slots=spot.num_slots, max_wait_s=_MAX_WAIT_S)
    found = [simulated(trace, _contender(name, trace, patience), setting) for trace in traces]
    return Cell(
        trace=spot.trace,
        num_slots=spot.num_slots,
        requests_per_s=spot.requests_per_s,
        policy=name,
        patience=patience,
        makespan_s=_mean(found, "makespan_s"),
        p50_wait_s=_mean(found, "p50_wait_s"),
        p99_wait_s=_mean(found, "p99_wait_s"),
        max_wait_s=max(it.max_wait_s for it in found),
        num_swaps=_mean(found, "num_swaps"),
        refused=_mean(found, "num_refused") / found[0].num_requests,
        hit_rate=_mean(found, "hit_rate"),
    )


def _contender(name: str, trace: Trace, patience: float | None) -> Contender:
    return contender(name, trace) if patience is None else contender(name, trace, patience=patience)


def _mean(found: list[Outcome], name: str) -> float:
    values = [float(getattr(it, name)) for it in found]
    return mean(values) if all(map(isfinite, values)) else inf


def _profile(spot: Spot) -> dict[str, Any]:
    found = profiled(made(spot.trace, spot.load(1)), capacity=spot.num_slots)
    return {"load": str(spot), **asdict(found)}


def _all(cells: Cells) -> Iterator[Cell]:
    yield from cells.ours.values()
    yield from cells.peers.values()


def _plain(cell: Cell) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not isfinite(value) else value
        for key, value in asdict(cell).items()
    }


def _rows(spot: Spot, cells: Cells) -> Iterator[tuple[str, str]]:
    """What the table shows: ours as shipped, and the peers, makespan and p99 wait."""
    for cell in (cells.shipped, *cells.peers.values()):
        mark = " *" if cell.policy in cells.dominating else ""
        yield (
            f"{spot}, {cell.policy}{mark}",
            f"{cell.makespan_s:,.1f} s, p99 {cell.p99_wait_s:,.1f} s, {cell.num_swaps:,.0f} swaps",
        )

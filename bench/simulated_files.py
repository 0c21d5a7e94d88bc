"""What prefetching is worth by values: a 7 B expert on an 80 GB device, files on a disk of 1 GiB/s.

The page cache holds a part of the experts. The same policy and the same decision as in the service
play every trace with prefetching off and on.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import mean
from typing import Any

from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.simulation.contenders import contender
from orchestrator.simulation.files import Storage
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.outcome import Outcome as Played
from orchestrator.simulation.run import Setting, simulated
from orchestrator.simulation.workloads import KINDS, Load, made

NAME = "simulated"
_MEDIAN, _LAST, _WORSE = (
    "simulated: p50 wait with prefetching over without, mean of the traces",
    "simulated: p99 wait with prefetching over without, mean of the traces",
    "simulated: traces whose makespan is over 2 % longer with prefetching",
)
TARGETS = (
    Target(name=_MEDIAN, sense="<=", limit=0.95),
    Target(name=_LAST, sense="<=", limit=0.95),
    Target(name=_WORSE, sense="<=", limit=0),
)
_EXPERTS, _CACHED_EXPERTS = 12, 6
_LOAD = Load(num_requests=1200, num_experts=_EXPERTS, requests_per_s=2.0)
_MAX_WAIT_S = 300.0
_SEEDS = (1, 2)


def measure(setup: Setup) -> Outcome:
    """Play all traces; exact, so once is enough."""
    del setup
    runs = {kind: {how: _played(kind, how == "on") for how in ("off", "on")} for kind in KINDS}
    ratios = {
        kind: {
            name: round(_ratio(run["on"], run["off"], name), 3)
            for name in ("swapping_s", "makespan_s", "p50_wait_s", "p99_wait_s")
        }
        for kind, run in runs.items()
    }
    rows = [
        (f"simulated {kind}: time in swaps, p50 and p99 wait, on over off", _three(by))
        for kind, by in ratios.items()
    ]
    return Outcome(
        values={
            _MEDIAN: mean(by["p50_wait_s"] for by in ratios.values()),
            _LAST: mean(by["p99_wait_s"] for by in ratios.values()),
            _WORSE: sum(by["makespan_s"] > 1.02 for by in ratios.values()),
        },
        figures={
            "experts": _EXPERTS,
            "in_page_cache": _CACHED_EXPERTS,
            "on_over_off": ratios,
            "off": {kind: _figures(run["off"]) for kind, run in runs.items()},
            "on": {kind: _figures(run["on"]) for kind, run in runs.items()},
        },
        rows=rows,
    )


def _played(kind: str, prefetches: bool) -> list[Played]:
    machine = Machine()
    storage = Storage(cache_gib=_CACHED_EXPERTS * machine.weights_gib, prefetches=prefetches)
    setting = Setting(machine=replace(machine, storage=storage), max_wait_s=_MAX_WAIT_S)
    traces = [made(kind, replace(_LOAD, seed=seed)) for seed in _SEEDS]
    return [simulated(trace, contender("bounded", trace), setting) for trace in traces]


def _ratio(on: list[Played], off: list[Played], name: str) -> float:
    return mean(getattr(one, name) for one in on) / mean(getattr(one, name) for one in off)


def _figures(played: list[Played]) -> dict[str, Any]:
    names = ("makespan_s", "swapping_s", "num_swaps", "num_refused", "p50_wait_s", "p99_wait_s")
    return {name: round(mean(getattr(one, name) for one in played), 2) for name in names}


def _three(by: dict[str, float]) -> str:
    return f"{by['swapping_s']:.2f}, {by['p50_wait_s']:.2f}, {by['p99_wait_s']:.2f}"

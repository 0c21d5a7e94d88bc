"""Measures the planner of batches: `python -m bench.planner`.

How long large plans take, how far small ones are from the optimum, and what others do with the
workload everyone gets wrong. Prints a table and writes bench/out/planner.json. Exits with 1 unless
every bar holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from bench.parts import ROOT, Part, main_of
from bench.planner_instances import zipf
from bench.planner_optimum_gap import compared, rows, summary
from bench.planner_peers import PUBLISHED, arms, as_rows
from bench.report import Outcome, Target
from bench.setup import Setup

_SECONDS = "1,000,000 requests, 1,000 experts, 64 slots, three stages: time"
_GIB = "1,000,000 requests, 1,000 experts, 64 slots, three stages: peak memory"
SCALE = (
    Target(name=_SECONDS, sense="<", limit=5, unit="s"),
    Target(name=_GIB, sense="<", limit=1, unit="GiB"),
)
_MEAN = "200 small instances: mean gap to the optimum"
_WORST = "200 small instances: worst gap to the optimum"
_ABOVE = "200 small instances: lower bounds above the optimum"
OPTIMUM = (
    Target(name=_MEAN, sense="<", limit=0.01),
    Target(name=_WORST, sense="<", limit=0.05),
    Target(name=_ABOVE, sense="<=", limit=0),
)
_OFF = "swaps of others, farthest from what PEERS.md says"
_BEATEN = "swaps, planned to waves with residents first, largest"
PEERS = (
    Target(name=_OFF, sense="<=", limit=0.03),
    Target(name=_BEATEN, sense="<", limit=1.0, unit="times"),
)
NUM_SMALL = 200
_ROUNDS = 3
_SIZES = ((1_000, 16, 4), (10_000, 100, 16), (100_000, 1_000, 64), (1_000_000, 1_000, 64))


def scale(setup: Setup) -> Outcome:
    """Plan 10^3 to 10^6 requests, each in a fresh process; of the largest the fastest counts."""
    del setup
    growth = [_fresh(*size) for size in _SIZES[:-1]]
    largest = [_fresh(*_SIZES[-1]) for _ in range(_ROUNDS)]
    fastest = min(largest, key=lambda one: one["took_s"])
    return Outcome(
        values={_SECONDS: fastest["took_s"], _GIB: max(one["peak_gib"] for one in largest)},
        figures={"growth": [*growth, fastest], "largest": largest},
        rows=[_grown(one) for one in [*growth, fastest]],
    )


def _fresh(*size: int) -> dict[str, Any]:
    told = subprocess.run(
        [sys.executable, "-m", "bench.planner_scale", *map(str, size)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def _grown(one: Mapping[str, Any]) -> tuple[str, str]:
    return (
        f"{one['num_requests']:,} requests, {one['num_calls']:,} calls",
        (
            f"{one['took_s']:.2f} s ({one['cpu_s']:.2f} s of a core), {one['peak_gib']:.2f} GiB, "
            f"{one['num_runs']:,} runs, {one['gap']:.1%} over the bound"
        ),
    )


def optimal(setup: Setup) -> Outcome:
    """Plan small instances and solve them."""
    del setup
    found = [compared(seed) for seed in range(NUM_SMALL)]
    figures = summary(found)
    return Outcome(
        values={
            _MEAN: float(str(figures["mean_gap"])),
            _WORST: float(str(figures["worst_gap"])),
            _ABOVE: sum(not one.is_bounded for one in found),
        },
        figures=figures,
        rows=list(rows(figures)),
    )


def peers(setup: Setup) -> Outcome:
    """The table of PEERS.md, and ours beside it."""
    del setup
    found = {num_slots: arms(*zipf(num_slots)) for num_slots in PUBLISHED}
    off = [
        abs(found[num_slots][arm].num_swaps / swaps - 1)
        for num_slots, published in PUBLISHED.items()
        for arm, swaps in published.items()
    ]
    beaten = [
        found[num_slots]["planned"].num_swaps
        / found[num_slots]["waves of 100, residents first"].num_swaps
        for num_slots in PUBLISHED
    ]
    return Outcome(
        values={_OFF: max(off), _BEATEN: max(beaten)},
        figures={
            str(num_slots): {name: arm.told() for name, arm in own.items()}
            for num_slots, own in found.items()
        },
        rows=[row for num_slots, own in found.items() for row in as_rows(num_slots, own)],
    )


PARTS = {
    "scale": Part(SCALE, scale),
    "optimum": Part(OPTIMUM, optimal),
    "peers": Part(PEERS, peers),
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="planner.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())

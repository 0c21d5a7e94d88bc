"""What a swap takes on real vLLM by where its weights are: page cache, disk, or brought ahead.

Three siblings of 105 M weights each, made for this alone. The first start and swap are also what
the priors are compared with: as they were assumed, and once bandwidths were measured.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from math import log2
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench import big_siblings
from bench.ahead import gaps_s
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.engines.bandwidths import measured, with_measured
from orchestrator.engines.cost_book import weights_gib
from orchestrator.engines.file_cache import cached_share, drop, weights_of
from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.read_ahead import PageCache, ReadAhead
from orchestrator.engines.vllm import start_vllm
from orchestrator.registry.models import Expert

NAME = "loading"
_WAIT, _GAIN, _PRIOR = (
    "loading: from an answer's end to the next expert's first token, prefetch on over off, p50",
    "loading: swap to weights brought ahead over one from the disk, p50",
    "loading: factor by which the prior of a swap is off, measured over assumed",
)
TARGETS = (
    Target(name=_WAIT, sense="<=", limit=0.95),
    Target(name=_GAIN, sense="<=", limit=0.95),
    Target(name=_PRIOR, sense="<", limit=1.0),
)
LIKE = "deploy/demo/experts/logic"
#: Where the weights are before a swap.
_PLACES = ("page cache", "disk", "brought ahead")


@dataclass(slots=True, kw_only=True)
class Timed:
    """Seconds of swaps by where their weights were, and of bringing them."""

    swap_s: dict[str, list[float]] = field(default_factory=dict)
    bring_s: list[float] = field(default_factory=list)

    def p50_s(self, place: str) -> float:
        """Median of one place."""
        return median(self.swap_s[place])


def measure(setup: Setup) -> Outcome:
    """Make the siblings, start one engine and swap.

    Raises:
        BenchError: files do not leave the page cache when they are dropped.
    """
    # Canaries and load times of experts that are made for one run are not the machine's to keep.
    os.environ["ORCHESTRATOR_MODELS_DIR"] = str(setup.folder / "models")
    lineage = big_siblings.make(setup.folder / "big", setup.root / LIKE, ["one", "two", "three"])
    os.sync()  # what is still to be written cannot leave the page cache
    return asyncio.run(_measure(lineage, rounds=setup.rounds * 2))


async def _measure(lineage: Lineage, *, rounds: int) -> Outcome:
    assumed = Prior()
    sized = Prior(weights_gib=weights_gib([lineage]))
    files = [path for expert in lineage.experts for path in weights_of(lineage, expert)]
    found = await asyncio.to_thread(measured, files, now_s=time.time())
    known = replace(sized, bandwidths=with_measured(Bandwidths(), found))
    begun_s = perf_counter()
    host = await start_vllm(lineage)
    start_s = perf_counter() - begun_s
    try:
        first_s = await _swap_s(host, lineage.experts[1])
        timed = await swaps(host, lineage, rounds=rounds)
        gaps = await gaps_s(host, lineage, rounds=rounds)
    finally:
        await host.close()
    key = lineage.experts[1].key
    priors = {
        name: {step: prior.step_s(step, key) for step in ("swap", "start")}
        for name, prior in (("assumed", assumed), ("sizes", sized), ("measured", known))
    }
    usual_s = timed.p50_s("page cache")
    off = {name: _off(by["swap"], usual_s) for name, by in priors.items()}
    return Outcome(
        values={
            _WAIT: median(gaps["on"]) / median(gaps["off"]),
            _GAIN: timed.p50_s("brought ahead") / timed.p50_s("disk"),
            _PRIOR: off["measured"] / off["assumed"],
        },
        figures={
            "weights_gib": known.gib(key),
            "bandwidths": found.model_dump(exclude={"at_s"}),
            "first": {"start_s": round(start_s, 3), "swap_s": round(first_s, 3)},
            "priors_s": priors,
            "swap_prior_off_by_factor": off,
            "swap_s": {place: [round(s, 3) for s in took] for place, took in timed.swap_s.items()},
            "gap_s": {how: [round(s, 3) for s in took] for how, took in gaps.items()},
            "bring_s": [round(seconds, 3) for seconds in timed.bring_s],
        },
        rows=[
            *_rows(timed, priors, first_s=first_s, start_s=start_s),
            *(
                (f"loading: gap, prefetch {how}, p50, s", f"{median(s):.3f}")
                for how, s in gaps.items()
            ),
        ],
    )


async def swaps(host: Host, lineage: Lineage, *, rounds: int) -> Timed:
    """Swap to each next sibling, its weights in each place in turn.

    Raises:
        BenchError: files do not leave the page cache when they are dropped.
    """
    timed, read_ahead = Timed(), PageCache()
    others = cycle(lineage.experts)
    try:
        for _ in range(rounds):
            for place in _PLACES:
                expert = next(one for one in others if one not in host.residents)
                await _put(weights_of(lineage, expert), place, timed, read_ahead)
                timed.swap_s.setdefault(place, []).append(await _swap_s(host, expert))
    finally:
        read_ahead.close()
    return timed


async def _put(files: Sequence[Path], place: str, timed: Timed, read_ahead: ReadAhead) -> None:
    if place != "page cache":
        drop(files)
        share = cached_share(files)
        if share is None or share > 0.1:
            raise BenchError(f"{files[0]} does not leave the page cache: {share} of it is there")
    if place != "disk":
        begun_s = perf_counter()
        await read_ahead.bring(files)
        if place == "brought ahead":
            timed.bring_s.append(perf_counter() - begun_s)


async def _swap_s(host: Host, expert: Expert) -> float:
    begun_s = perf_counter()
    await host.become(expert)
    return perf_counter() - begun_s


def _off(told_s: float, took_s: float) -> float:
    """By which factor, whichever way: 2 is half or double."""
    return float(2 ** abs(log2(told_s / took_s)))


def _rows(
    timed: Timed, priors: dict[str, dict[str, float]], *, first_s: float, start_s: float
) -> list[tuple[str, str]]:
    rows = [(f"loading: swap from {one}, p50, s", f"{timed.p50_s(one):.3f}") for one in _PLACES]
    rows.append(("loading: bringing ahead, p50, s", f"{median(timed.bring_s):.3f}"))
    rows.append(("loading: first swap, first start, s", f"{first_s:.3f}, {start_s:.1f}"))
    return rows + [(f"loading: prior, {name}, s", _both(by)) for name, by in priors.items()]


def _both(by: dict[str, Any]) -> str:
    return f"{by['swap']:.3f}, {by['start']:.1f}"

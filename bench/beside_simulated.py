"""A batch beside callers in simulated time: what callers wait with it, by trace and load.

The batch has more to do than there is time for, and keeps a window of calls in the slot, expert by
expert. Experts are of 7 B parameters on 80 GB, where a swap takes 2.6 s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from random import Random

from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.simulation.contenders import contender
from orchestrator.simulation.outcome import quantile
from orchestrator.simulation.run import Setting, Simulation
from orchestrator.simulation.trace import Request, Trace
from orchestrator.simulation.workloads import Load, made

NAME = "beside"
_RATIO = "beside: p99 of callers' answers with a batch to that without, worst cell"
_REFUSED = "beside: callers refused, more than without"
TARGETS = (
    Target(name=_RATIO, sense="<=", limit=1.25),
    Target(name=_REFUSED, sense="<=", limit=0),
)

_KINDS = ("uniform", "zipf", "bursty")
#: Of callers, a second: from a slot that is quiet most of the time to one that is never.
_RATES = (0.2, 1.0, 4.0, 8.0, 20.0)
#: Shares beside callers: as shipped, and more of it, for an accelerator.
_SHARES = (0.03, 0.25)
_NUM_EXPERTS, _NUM_FREE, _WINDOW, _MAX_WAIT_S = 12, 6000, 128, 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind of load, with a batch or without."""

    trace: str
    requests_per_s: float
    #: `None` without a batch.
    beside: float | None
    p50_s: float
    p99_s: float
    num_refused: int
    num_swaps: int
    #: Of the batch, while callers come.
    batch_calls_per_s: float
    num_recalled: int


def measure(setup: Setup) -> Outcome:
    """Play every load without a batch, and with one."""
    del setup
    cells = [cell for kind in _KINDS for rate in _RATES for cell in _cells(kind, rate)]
    return _outcome(cells)


def _cells(kind: str, rate: float) -> Iterator[Cell]:
    num_requests = int(min(1200, max(150, rate * 300)))
    load = Load(num_requests=num_requests, requests_per_s=rate, num_experts=_NUM_EXPERTS)
    asked = made(kind, load).requests
    yield _played(kind, rate, asked, beside=None)
    for beside in _SHARES:
        yield _played(kind, rate, [*_batch(load), *asked], beside=beside)


def _batch(load: Load) -> list[Request]:
    dice = Random(1)
    return [
        Request(
            id=0,
            expert=expert,
            arrives_s=0.0,
            prompt_tokens=200,
            output_tokens=1 + int(dice.expovariate(0.01)),
            is_background=True,
        )
        for expert in load.experts
        for _ in range(_NUM_FREE // len(load.experts))
    ]


def _played(kind: str, rate: float, requests: Sequence[Request], *, beside: float | None) -> Cell:
    trace = Trace(name=kind, requests=[replace(one, id=at) for at, one in enumerate(requests)])
    ours = contender("bounded", trace, beside=beside or 0.0)
    simulation = Simulation(trace, ours, Setting(max_wait_s=_MAX_WAIT_S, window=_WINDOW))
    outcome = simulation.run()
    fates = [(one.is_background, simulation.fates[one.id]) for one in trace.requests]
    took_s = [fate.ended_s - fate.made_s for is_free, fate in fates if not is_free]
    done = [fate for is_free, fate in fates if is_free and fate.ended_s <= trace.span_s]
    return Cell(
        trace=kind,
        requests_per_s=rate,
        beside=beside,
        p50_s=quantile(took_s, 0.5),
        p99_s=quantile(took_s, 0.99),
        num_refused=sum(fate.began_s is None for is_free, fate in fates if not is_free),
        num_swaps=outcome.num_swaps,
        batch_calls_per_s=len(done) / trace.span_s,
        num_recalled=sum(slot.num_recalled for slot in simulation.slots),
    )


def _outcome(cells: Sequence[Cell]) -> Outcome:
    alone = {(one.trace, one.requests_per_s): one for one in cells if one.beside is None}
    shared = [(one, alone[one.trace, one.requests_per_s]) for one in cells if one.beside]
    return Outcome(
        values={
            _RATIO: max(one.p99_s / before.p99_s for one, before in shared),
            _REFUSED: sum(max(one.num_refused - before.num_refused, 0) for one, before in shared),
        },
        figures={"cells": [asdict(one) for one in cells]},
        rows=[
            (
                f"{one.trace}, {one.requests_per_s:g}/s, {one.beside:g} beside: p99 times; batch/s",
                f"{one.p99_s / before.p99_s:.2f}; {one.batch_calls_per_s:.1f}",
            )
            for one, before in shared
        ],
    )

"""Several engines in one slot, in simulated time: what they add, and what bench-swap may reach."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from statistics import mean
from typing import Any

from bench.report import Outcome as Measured
from bench.report import Target
from bench.setup import Setup
from orchestrator.costs.prior import Bandwidths
from orchestrator.simulation.batching import Pace
from orchestrator.simulation.contenders import NAMES, contender
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.outcome import Outcome
from orchestrator.simulation.run import Setting, simulated
from orchestrator.simulation.trace import Request, Trace
from orchestrator.simulation.workloads import Load, made

NAME = "engines"

_DOMINATED = "engines of a slot: cells in which a peer is better in makespan and p99 wait"
_SHARE = "clients on a CPU with 4 cores, 4 engines: throughput over one resident expert"
TARGETS = (
    Target(name=_DOMINATED, sense="<=", limit=0),
    Target(name=_SHARE, sense=">=", limit=0.7),
)

_KINDS = ("uniform", "zipf", "waves")
_ENGINES = (1, 2, 3)
_SEEDS = range(1, 11)
_MAX_WAIT_S = 120.0

#: The load of `make bench-swap`: its clients, experts, tokens and bound.
_CLIENTS, _EXPERTS, _REQUESTS, _TOKENS, _BOUND_S = 16, 13, 1000, 32, 5.0
_CPU_ENGINES = (1, 2, 3, 4, 6)
_CORES = (2, 3, 4)
#: A step of one answer, of as many as there are clients, and a swap, as vLLM took on a CPU core.
_STEP_S, _FULL_STEP_S, _SWAP_S = 0.003, 0.005, 0.04


def measure(setup: Setup) -> Measured:
    """Play traces on slots of one to three engines, and clients on a slot of small ones."""
    del setup
    cells = {(kind, num): _compared(kind, num) for kind in _KINDS for num in _ENGINES}
    shares = {(cores, num): _share(cores, num) for cores in _CORES for num in _CPU_ENGINES}
    dominated = {
        f"{kind}, {num} engines": beaten
        for (kind, num), found in cells.items()
        if (beaten := list(_dominating(found)))
    }
    return Measured(
        values={_DOMINATED: len(dominated), _SHARE: shares[4, 4]},
        figures={
            "dominated": dominated,
            "cells": [
                {"trace": kind, "engines": num, **figures}
                for (kind, num), found in cells.items()
                for figures in found
            ],
            "shares": [
                {"cores": cores, "engines": num, "share": round(share, 3)}
                for (cores, num), share in shares.items()
            ],
        },
        rows=[*_rows(cells), *_share_rows(shares)],
    )


def _compared(kind: str, num_engines: int) -> list[dict[str, Any]]:
    """Means over the seeds of every policy, ours first."""
    setting = Setting(machine=replace(Machine(), engines=num_engines), max_wait_s=_MAX_WAIT_S)
    traces = [
        made(kind, Load(num_requests=2400, requests_per_s=8.0, num_experts=12, seed=seed))
        for seed in _SEEDS
    ]
    return [
        _means(name, [simulated(trace, contender(name, trace), setting) for trace in traces])
        for name in NAMES
    ]


def _means(name: str, found: list[Outcome]) -> dict[str, Any]:
    names = ("makespan_s", "p50_wait_s", "p99_wait_s", "num_swaps", "hit_rate", "num_refused")
    plain = [asdict(outcome) for outcome in found]
    return {"policy": name, **{key: mean(one[key] for one in plain) for key in names}}


def _dominating(found: list[dict[str, Any]]) -> Iterator[str]:
    ours, *peers = found
    for peer in peers:
        if all(peer[key] < ours[key] for key in ("makespan_s", "p99_wait_s")):
            yield peer["policy"]


def _share(cores: int, num_engines: int) -> float:
    """Requests a second of many experts over those of one that stays."""
    draw = random.Random(7)
    weights = [1 / rank for rank in range(1, _EXPERTS + 1)]
    drawn = draw.choices([f"e{number:02}" for number in range(_EXPERTS)], weights, k=_REQUESTS)
    many = _played(drawn, cores=cores, engines=num_engines)
    one = _played([drawn[0]] * _REQUESTS, cores=cores, engines=1)
    return many.num_answered / many.makespan_s / (one.num_answered / one.makespan_s)


def _played(uses: list[str], *, cores: int, engines: int) -> Outcome:
    requests = [
        Request(id=place, expert=expert, arrives_s=0, prompt_tokens=10, output_tokens=_TOKENS)
        for place, expert in enumerate(uses)
    ]
    trace = Trace(name="clients", requests=requests)
    machine = Machine(
        weights_gib=0.1,
        cache_gib=0.1,
        device_gib=4.0,
        engines=engines,
        lanes=cores,
        pace=Pace(
            step_s=_STEP_S,
            step_s_per_answer=(_FULL_STEP_S - _STEP_S) / (_CLIENTS - 1),
            prompt_tokens_per_step=10.0,
        ),
        bandwidths=Bandwidths(swap_s=_SWAP_S, read_gib_per_s=1e6),
    )
    setting = Setting(machine=machine, max_wait_s=_BOUND_S, clients=_CLIENTS)
    return simulated(trace, contender("bounded", trace), setting)


def _rows(cells: dict[tuple[str, int], list[dict[str, Any]]]) -> Iterator[tuple[str, str]]:
    for (kind, num), found in cells.items():
        for it in found:
            waits = f"{it['makespan_s']:,.1f} s, p99 {it['p99_wait_s']:,.1f} s"
            label = f"{kind}, {num} engines, {it['policy']}"
            yield label, f"{waits}, {it['num_swaps']:,.0f} swaps"


def _share_rows(shares: dict[tuple[int, int], float]) -> Iterator[tuple[str, str]]:
    for cores in _CORES:
        found = ", ".join(f"{num}: {shares[cores, num]:.2f}" for num in _CPU_ENGINES)
        yield f"clients, {cores} cores, share by engines", found

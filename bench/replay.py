"""Plays traces on real vLLM and in the simulator, and compares: `python -m bench.replay`.

The simulator is given what a swap, a prompt and a token took while the trace was played, and
nothing else. Prints a table and writes bench/out/replay.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean
from typing import Any

from bench.experts import resident
from bench.parts import Part, main_of
from bench.played import Played, Watched, play
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.costs.prior import Bandwidths
from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.slot import Slot
from orchestrator.engines.vllm import start_vllm
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.limits import LoopLimits
from orchestrator.service.layout import grouped
from orchestrator.simulation.batching import Pace
from orchestrator.simulation.contenders import contender
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.outcome import Outcome as Simulated
from orchestrator.simulation.run import Setting, simulated
from orchestrator.simulation.trace import Trace
from orchestrator.simulation.workloads import Load, made

NAME = "replay"
SWAPS = "simulated against real: swaps, worst trace"
MAKESPAN = "simulated against real: makespan, worst trace"
TARGETS = (
    Target(name=SWAPS, sense="<=", limit=0.1),
    Target(name=MAKESPAN, sense="<=", limit=0.1),
)
#: Traces that keep an engine busy throughout, so that their makespan is made of its work.
_KINDS = ("zipf", "abcabc", "bursty")
_LOAD = Load(
    num_requests=1440,
    num_experts=10,
    requests_per_s=80.0,
    prompt_tokens=8,
    output_tokens=32,
    seed=3,
)
_CAPACITY = 64


def measure(setup: Setup) -> Outcome:
    """Start one engine, play every trace on it, and simulate what was played.

    Raises:
        BenchError: the registry has too few siblings.
    """
    return asyncio.run(_measure(setup.registry))


async def _measure(registry_path: Path) -> Outcome:
    lineage = max(grouped(load(registry_path), registry_path.parent), key=_num_siblings)
    siblings = [expert for expert in lineage.experts if not expert.is_adapter]
    if len(siblings) < _LOAD.num_experts:
        raise BenchError(f"{registry_path} has no {_LOAD.num_experts} experts that share an engine")
    host = await start_vllm(lineage)
    try:
        never = resident(registry_path).stop_token_ids
        found = {kind: await _compared(kind, host, siblings, never) for kind in _KINDS}
    finally:
        await host.close()
    return Outcome(
        values={
            SWAPS: max(abs(one["swaps_off"]) for one in found.values()),
            MAKESPAN: max(abs(one["makespan_off"]) for one in found.values()),
        },
        figures={"load": asdict(_LOAD), "traces": found},
        rows=[row for kind, one in found.items() for row in _rows(kind, one)],
    )


async def _compared(
    kind: str, host: Host, siblings: Sequence[Expert], never: Sequence[int]
) -> dict[str, Any]:
    """One trace both ways."""
    trace = _bounded_lengths(made(kind, _LOAD))
    watched = Watched(Bounded())
    limits = LoopLimits(capacity=_CAPACITY)
    slot = Slot("bench", clock=asyncio.get_running_loop(), policy=watched, limits=limits)
    slot.seat("bench", host, siblings)
    experts = dict(zip(_LOAD.experts, siblings, strict=False))
    await host.become(siblings[-1])  # whom the trace does not begin with, as in the simulator
    played = await play(trace, slot, watched, expert_by_name=experts, never=never)
    machine = _machine(played)
    again = simulated(trace, contender("bounded", trace), Setting(machine=machine))
    return _figures(played, machine, again)


def _bounded_lengths(trace: Trace) -> Trace:
    """A trace whose answers and prompts fit the shipped experts' context."""
    requests = [
        replace(
            it, output_tokens=min(it.output_tokens, 96), prompt_tokens=min(it.prompt_tokens, 64)
        )
        for it in trace.requests
    ]
    return Trace(name=trace.name, requests=requests)


def _machine(played: Played) -> Machine:
    """A slot as it was while the trace was played."""
    alone_s, more_s = played.step_s
    # A prompt and the way to the engine count as steps before the first token.
    extra_steps = max(played.first_token_s / played.usual_step_s - 1, 0.01)
    return Machine(
        weights_gib=0.1,
        cache_gib=0.1,
        device_gib=1.0,
        capacity=_CAPACITY,
        pace=Pace(
            step_s=alone_s,
            step_s_per_answer=more_s,
            prompt_tokens_per_step=_LOAD.prompt_tokens / extra_steps,
        ),
        bandwidths=Bandwidths(swap_s=mean(played.watched.swaps_s), read_gib_per_s=1e6),
    )


def _figures(played: Played, machine: Machine, again: Simulated) -> dict[str, Any]:
    swaps, makespan_s = played.watched.num_swaps, played.makespan_s
    return {
        "swap_ms": round(mean(played.watched.swaps_s) * 1e3, 1),
        "step_ms": round(machine.pace.step_s * 1e3, 2),
        "step_ms_per_answer": round(machine.pace.step_s_per_answer * 1e3, 3),
        "first_token_ms": round(played.first_token_s * 1e3, 1),
        "real_swaps": swaps,
        "simulated_swaps": again.num_swaps,
        "swaps_off": again.num_swaps / swaps - 1,
        "real_makespan_s": round(makespan_s, 2),
        "simulated_makespan_s": round(again.makespan_s, 2),
        "makespan_off": again.makespan_s / makespan_s - 1,
    }


def _rows(kind: str, found: dict[str, Any]) -> list[tuple[str, str]]:
    times = f"{found['real_makespan_s']:.1f} s, simulated {found['simulated_makespan_s']:.1f} s"
    return [
        (f"{kind}: makespan", times),
        (f"{kind}: swaps", f"{found['real_swaps']}, simulated {found['simulated_swaps']}"),
    ]


def _num_siblings(lineage: Lineage) -> int:
    return sum(not expert.is_adapter for expert in lineage.experts)


def main() -> int:
    """Command line of the bench."""
    parts = {NAME: Part(TARGETS, measure)}
    return main_of(parts, about=__doc__ or "", out="replay.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())

"""`orchestrator simulate`: a trace under our policy and those of others, in simulated time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.cli.commands import require
from orchestrator.cli.telling import patiently
from orchestrator.errors import SetupError
from orchestrator.simulation.contenders import NAMES, contender
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.outcome import Outcome
from orchestrator.simulation.profile import TraceProfile, profiled
from orchestrator.simulation.run import Setting, simulated
from orchestrator.simulation.trace import Trace
from orchestrator.simulation.trace_file import read_trace
from orchestrator.simulation.workloads import KINDS, Load, made

_PIPE_COLUMNS = 160


def simulate(
    trace: Annotated[
        str, typer.Option(help=f"A file of `orchestrator trace`, or of {', '.join(KINDS)}.")
    ] = "zipf",
    policy: Annotated[
        list[str] | None, typer.Option(help=f"Of {', '.join(NAMES)}; all by default.")
    ] = None,
    slots: Annotated[int, typer.Option(min=1, help="Slots, each with one accelerator.")] = 1,
    engines: Annotated[int, typer.Option(min=1, help="Experts a slot holds at once.")] = 1,
    max_wait_s: Annotated[
        float | None, typer.Option(min=0.001, help="Bound of a wait; none where it is left out.")
    ] = None,
    patience: Annotated[
        float, typer.Option(min=0, max=1, help="Our knob, from latency 0 to throughput 1.")
    ] = 0.5,
    requests: Annotated[int, typer.Option(help="Requests of a trace that is made.")] = 1000,
    experts: Annotated[int, typer.Option(help="Its experts.")] = 12,
    rate: Annotated[float, typer.Option(help="Its requests a second, over all slots.")] = 4.0,
    seed: Annotated[int, typer.Option(help="Its seed.")] = 0,
    clients: Annotated[
        int | None, typer.Option(min=1, help="Who ask in its order, each when it has an answer.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Picture to draw: .svg, .png, .pdf.")] = None,
) -> None:
    """Play a trace under policies and compare swaps, makespans and waits.

    Slots are accelerators of 80 GB, experts have 7 B parameters and are siblings of one another.
    """
    if plot is not None:
        require("plot")
    load = Load(num_requests=requests, num_experts=experts, requests_per_s=rate, seed=seed)
    played = _trace(trace, load)
    machine = replace(Machine(), engines=engines)
    setting = Setting(num_slots=slots, machine=machine, max_wait_s=max_wait_s, clients=clients)
    with patiently(f"playing {len(played.requests)} requests"):
        outcomes = [
            simulated(played, contender(name, played, patience=patience), setting)
            for name in policy or NAMES
        ]
        profile = profiled(played, capacity=slots * engines)
    if plot is not None:
        _draw(outcomes, plot)
    if as_json:
        typer.echo(json.dumps(_plain(profile, outcomes), indent=2))
    else:
        _show(profile, outcomes)


def _trace(named: str, load: Load) -> Trace:
    if named in KINDS:
        return made(named, load)
    if not Path(named).exists():
        raise SetupError(f"trace {named!r} is neither a file nor one of {list(KINDS)}")
    return read_trace(Path(named))


def _draw(outcomes: Sequence[Outcome], path: Path) -> None:
    from orchestrator.simulation.plot import draw  # here, since its library is an extra

    draw(outcomes, path)


def _plain(profile: TraceProfile, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """As JSON, where what is infinite is null."""
    rows = [
        {
            key: None if isinstance(value, float) and not isfinite(value) else value
            for key, value in asdict(outcome).items()
        }
        for outcome in outcomes
    ]
    return {"trace": asdict(profile), "outcomes": rows}


def _show(profile: TraceProfile, outcomes: Sequence[Outcome]) -> None:
    heads = ("policy", "swaps", "makespan s", "p50 s", "p99 s", "longest s", "refused", "hits")
    table = Table(title=f"trace {profile.name}", title_justify="left")
    for head in heads:
        table.add_column(head, justify="left" if head == "policy" else "right")
    for it in outcomes:
        waits = (f"{value:.2f}" for value in (it.p50_wait_s, it.p99_wait_s, it.max_wait_s))
        table.add_row(
            it.policy,
            f"{it.num_swaps:,}",
            f"{it.makespan_s:.1f}",
            *waits,
            f"{it.num_refused:,}",
            f"{it.hit_rate:.0%}",
        )
    console = Console()
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    console.print(table)
    console.print("\n".join(_profile_lines(profile)), markup=False, highlight=False)


def _profile_lines(profile: TraceProfile) -> list[str]:
    srp = ", ".join(f"{m} requests {it:.2f}" for m, it in profile.srp_by_segment.items())
    sch = ", ".join(f"{m} ahead {it:.2f}" for m, it in profile.sch_by_lookahead.items())
    bounds = f"least recent use {profile.lru_hit_rate:.2f}, at best {profile.best_hit_rate:.2f}"
    size = f"{profile.num_requests} requests of {profile.num_experts} experts"
    return [
        f"{size} in {profile.span_s:.1f} s",
        f"SRP (one set for a segment): {srp}",
        f"SCH (a cache of {profile.capacity}): {sch}; {bounds}",
    ]

"""`orchestrator trace`: what a service was asked, as a trace that can be simulated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.service_edits import URL, Url
from orchestrator.cli.telling import AsJson, tell
from orchestrator.client.blocking import Client
from orchestrator.client.decisions import MAX_RECORDS
from orchestrator.client.failures import UnreachableError
from orchestrator.errors import SetupError
from orchestrator.simulation.trace_file import recorded, write_trace
from orchestrator.simulation.workloads import KINDS, Load, made
from orchestrator.store.records import DecisionRecord, parse_record

trace = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Record or make traces for `orchestrator simulate`.",
)

_Out = Annotated[Path, typer.Option("--out", help="File to write, JSON lines.")]


@trace.command()
def record(
    out: _Out,
    url: Url = URL,
    limit: Annotated[
        int, typer.Option(min=1, max=MAX_RECORDS, help="Newest requests that are taken.")
    ] = MAX_RECORDS,
    as_json: AsJson = False,
) -> None:
    """Write what a running service answered last as a trace, without its words."""
    try:
        with Client(url, timeout_s=60.0) as client:
            told = client.decisions(limit=limit)
    except UnreachableError as exc:
        raise SetupError(
            f"no service answers at {url}: start one with `orchestrator serve`, or name another "
            f"with --url ({exc.message})"
        ) from exc
    read = [parse_record(json.dumps(one).encode()) for one in told]
    records = [one for one in read if isinstance(one, DecisionRecord)]
    found = recorded(out.stem, records)
    write_trace(found, out)
    num_left = len(told) - len(found.requests)
    tell(
        f"{len(found.requests)} requests of {len(found.experts)} experts over {found.span_s:.1f} s "
        f"in {out}; {num_left} records without an answer were left out",
        as_json=as_json,
        file=out,
        num_requests=len(found.requests),
        num_experts=len(found.experts),
        span_s=found.span_s,
        num_left_out=num_left,
    )


@trace.command()
def make(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")],
    out: _Out,
    requests: Annotated[int, typer.Option(help="Requests.")] = 1000,
    experts: Annotated[int, typer.Option(help="Experts they are for.")] = 12,
    rate: Annotated[float, typer.Option(help="Requests a second, on average.")] = 4.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same trace.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write a trace of a kind."""
    load = Load(num_requests=requests, num_experts=experts, requests_per_s=rate, seed=seed)
    write_trace(made(kind, load), out)
    tell(f"{requests} requests in {out}", as_json=as_json, file=out, num_requests=requests)

"""`orchestrator batch run IN OUT`: a batch larger than memory."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import typer

from orchestrator.cli import batch_run_options as given
from orchestrator.cli.batch_run_screen import Bars
from orchestrator.client.settings import root_of
from orchestrator.errors import SetupError
from orchestrator.local.orchestrator import Orchestrator
from orchestrator.service.bulk.asking import Service
from orchestrator.service.bulk.bulk import Bulk
from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.job import Format, Terms
from orchestrator.service.bulk.node import joined
from orchestrator.service.bulk.pinned import Pinned, pinned
from orchestrator.service.bulk.source import source_at

_MIB = 2**20
#: As long as the endpoint takes.
_MAX_LINE_BYTES = 16 * _MIB
#: About 300 MiB each; two fit into 2 GiB beside Ray itself.
_MAX_WORKERS = 2


def batch_run(
    source: given.Source,
    out: given.Out,
    registry: given.RegistryFile = Path("experts.yaml"),
    url: given.ServiceUrl = None,
    work: given.Work = None,
    form: given.Form = "jsonl",
    model: given.Model = "auto",
    ray_address: given.RayAddress = None,
    workers: given.Workers = None,
    at_once: given.AtOnce = 64,
    chunk_rows: given.ChunkRows = 500,
    block_mib: given.BlockMib = 2.0,
    timeout_s: given.TimeoutS = 600.0,
    route_only: given.RouteOnly = False,
    as_json: given.AsJson = False,
) -> None:
    """Answer a file or folder of any size, routed and cut up by expert.

    Killed anywhere, the same command goes on where it ended.
    """
    found, known = source_at(source), pinned(registry)
    terms = Terms(
        fingerprint=found.fingerprint,
        registry=known.digest,
        model=model,
        format=_format(form),
        block_bytes=int(block_mib * _MIB),
        max_line_bytes=_MAX_LINE_BYTES,
        chunk_rows=chunk_rows,
    )
    bulk = Bulk(found, Folder(out), Folder(work or f"{out.rstrip('/')}/_work"), terms=terms)
    if bulk.job.is_complete:
        _tell(bulk.told(), as_json=as_json)
        return
    with _resumable(), Bars() as bars:
        _route(bulk, known, bars, address=ray_address, workers=workers)
        if not route_only:
            with _service(url, registry, timeout_s=timeout_s) as service:
                _answer(bulk, service, bars, at_once=at_once)
    _tell(bulk.told(), as_json=as_json)


def _format(form: str) -> Format:
    known: tuple[Format, ...] = get_args(Format)
    for one in known:
        if one == form:
            return one
    raise SetupError(f"--format {form!r} is not known; known: {list(known)}")


def _route(
    bulk: Bulk, known: Pinned, bars: Bars, *, address: str | None, workers: int | None
) -> None:
    left = bulk.unrouted()
    bars.begin_routing(total=bulk.num_blocks, done=bulk.num_blocks - left)
    if left == 1 and address is None:
        bulk.route_here(known.registry, heard=bars.routed)
    elif left:
        cores = len(os.sched_getaffinity(0))
        num_workers = min(workers or min(cores, _MAX_WORKERS), left)
        with joined(address, num_workers=num_workers, spill=bulk.spill):
            bulk.route(known.registry, num_workers=num_workers, heard=bars.routed)


def _answer(bulk: Bulk, service: Service, bars: Bars, *, at_once: int) -> None:
    left = sum(chunk.num_rows for chunk in bulk.unanswered())
    num_rows = bulk.settle().num_rows
    bars.begin_answering(total=num_rows, done=num_rows - left)
    asyncio.run(bulk.answer(service, at_once=at_once, heard=bars.written))


@contextmanager
def _service(url: str | None, registry: Path, *, timeout_s: float) -> Iterator[Service]:
    """The one that runs, or the experts in this program."""
    if url is not None:
        yield Service(url=root_of(url), timeout_s=timeout_s)
        return
    with Orchestrator(registry) as experts:
        yield Service(url="http://localhost", timeout_s=timeout_s, transport=experts.transport())


@contextmanager
def _resumable() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on", err=True)
        raise typer.Exit(130) from None


def _tell(told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    if told["is_complete"]:
        typer.echo(
            f"{told['num_answers']:,} answers in {told['results']}, "
            f"{told['num_errors']:,} errors in {told['errors']}"
        )
        return
    rows = ", ".join(f"{name} {num:,}" for name, num in told["num_rows_by_expert"].items())
    typer.echo(f"routed: {rows}; {told['num_faults']:,} with faults")

"""`orchestrator models`: fetch, verify, list and remove what experts' engines read."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from orchestrator.checkpoints.librarian import Librarian
from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.reclaiming import remove, unused
from orchestrator.checkpoints.sources import Wanted, safe
from orchestrator.cli.holdings_table import holdings_table
from orchestrator.engines.holdings import holdings
from orchestrator.errors import OrchestratorError, RegistryError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.faults import nearest
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert, Registry
from orchestrator.registry.origins import all_wanted
from orchestrator.registry.weights import read_checkpoint

models = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Fetch, verify, list and remove experts' models.",
)

_GIB = 2**30
#: Between looks at how far a transfer is, seconds.
_LOOK_S = 0.1
_PIPE_COLUMNS = 200

_Registry = Annotated[
    Path, typer.Option("--registry", envvar="ORCHESTRATOR_REGISTRY", help="The registry file.")
]
_DEFAULT = Path("experts.yaml")


@models.command()
def pull(
    experts: Annotated[list[str] | None, typer.Argument(help="Ids of experts.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every expert's models.")] = False,
    registry: _Registry = _DEFAULT,
) -> None:
    """Fetch models that are absent and verify them; 1 where one cannot be had."""
    if bool(experts) == everything:
        raise typer.BadParameter("name experts, or give --all")
    asked = _wanted(load(registry), experts or ())
    librarian = _librarian(load(registry))
    with _bar() as bar:
        faults = [fault for one in asked for fault in _pulled(librarian, one, bar)]
    _say(f"{len(asked) - len(faults)} of {len(asked)} models are here and verified", faults)


@models.command()
def verify(
    experts: Annotated[list[str] | None, typer.Argument(help="Ids; all by default.")] = None,
    registry: _Registry = _DEFAULT,
) -> None:
    """Read every byte of models and compare it with its hashes; 1 where one differs."""
    loaded = load(registry)
    asked = _wanted(loaded, experts or ())
    librarian = _librarian(loaded)
    faults = [fault for one in asked for fault in _verified(librarian, one)]
    _say(f"{len(asked) - len(faults)} of {len(asked)} models are sound", faults)


@models.command(name="list")
def list_(
    registry: _Registry = _DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List experts by lineage, with the state, size and measured loads of their weights."""
    loaded = load(registry)
    on_cpu = not any(slot.accelerators for slot in loaded.slots)
    found = holdings(loaded.experts, _root(registry), _library(), on_cpu=on_cpu)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
    else:
        # Into a pipe no column is cut.
        width = None if sys.stdout.isatty() else _PIPE_COLUMNS
        Console(width=width).print(holdings_table(found))


@models.command()
def gc(
    registry: Annotated[
        list[Path] | None,
        typer.Option("--registry", help="Registry files whose models stay; repeat for several."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
) -> None:
    """Remove fetched models that no expert of these registries needs."""
    kept = [one for path in registry or [_DEFAULT] for one in all_wanted(load(path).experts)]
    freed_bytes = 0
    for one in unused(_library(), kept):
        if not dry_run and not remove(one):
            typer.echo(f"{one.source}: a process is at it now, it stays")
            continue
        freed_bytes += one.num_bytes
        typer.echo(f"{'would remove' if dry_run else 'removed'} {one.source} ({one.entry})")
    typer.echo(f"{freed_bytes / _GIB:.3f} GiB {'would be' if dry_run else 'are'} free")


def _pulled(librarian: Librarian, wanted: Wanted, bar: Progress) -> Iterator[str]:
    """Bring one model, its progress read from the disk: another process may be the one at it."""
    task = bar.add_task(f"{wanted.expert_id}: {safe(wanted.source)}", total=None)
    cancelled = threading.Event()
    stoppable = dataclasses.replace(librarian, is_cancelled=cancelled.is_set)
    with ThreadPoolExecutor(1) as pool:
        bringing = pool.submit(stoppable.bring, wanted)
        try:
            while not bringing.done():
                wait([bringing], timeout=_LOOK_S)
                known = librarian.library.known(wanted.source, wanted.revision)
                if known is not None:
                    bar.update(task, total=known.num_bytes, completed=known.bytes_here)
        finally:
            cancelled.set()  # Ctrl-C: the pool waits for its thread
    try:
        bringing.result()
    except OrchestratorError as exc:
        yield exc.message


def _verified(librarian: Librarian, wanted: Wanted) -> Iterator[str]:
    try:
        manifest = librarian.verify(wanted)
        if manifest is None:
            # The headers are sound, or the registry would not have been read.
            typer.echo(
                f"{wanted.expert_id}: {wanted.source}: no hashes are given, headers are sound"
            )
            return
        here_gib = manifest.num_bytes / _GIB
        typer.echo(
            f"{wanted.expert_id}: {manifest.source} at {manifest.commit[:12]}: "
            f"{len(manifest.files)} files, {here_gib:.3f} GiB, verified"
        )
    except OrchestratorError as exc:
        yield exc.message


def _say(summary: str, faults: Sequence[str]) -> None:
    for fault in faults:
        typer.echo(fault, err=True)
    typer.echo(summary)
    if faults:
        raise typer.Exit(1)


def _wanted(registry: Registry, ids: Sequence[str]) -> tuple[Wanted, ...]:
    hosted = [one for one in registry.experts if isinstance(one.engine, VllmEngine)]
    return all_wanted([_expert(id_, hosted) for id_ in ids] if ids else hosted)


def _expert(expert_id: str, hosted: Sequence[Expert]) -> Expert:
    by_id = {one.id: one for one in hosted}
    if expert_id not in by_id:
        close = nearest(expert_id, by_id)
        meant = f"; did you mean {close!r}?" if close else ""
        raise RegistryError(
            f"{expert_id!r} is no expert with weights; known: {sorted(by_id)}{meant}"
        )
    return by_id[expert_id]


def _librarian(registry: Registry) -> Librarian:
    library = _library()
    free = sum(one.num_bytes for one in unused(library, all_wanted(registry.experts)))
    return Librarian(library=library, inspect=read_checkpoint, reclaimable_bytes=free)


def _library() -> Library:
    return Library.of(os.environ)


def _root(registry: Path) -> Path:
    return registry.resolve().parent


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        console=Console(stderr=True),
    )

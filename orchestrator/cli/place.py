"""`orchestrator place`: where experts are at home in a running service, and where they could be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.commands import require
from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.cli.service_slots import asking_slots
from orchestrator.client.placement import Placement
from orchestrator.errors import SetupError
from orchestrator.simulation.trace_file import read_trace

#: Experts that are shown; the rest is counted.
_MAX_SHOWN = 30


def place(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be moved; move nothing.")
    ] = False,
    registry: Annotated[
        Path | None, typer.Option(help="A registry file, to be placed without a service.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="With --registry: a file of `orchestrator trace`.")
    ] = None,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Choose homes for experts by what was asked lately, and move what is worth it.

    With --registry and --trace nothing runs: it says what a service would choose under that load.
    """
    if registry is not None and trace is not None:
        found = _foreseen(registry, trace)
    elif registry is not None or trace is not None:
        raise SetupError("--registry and --trace go together: what is placed, and what is asked")
    else:
        with asking_slots(url) as client:
            found = client.placement(carry_out=not dry_run)
    typer.echo(
        json.dumps(found.model_dump(mode="json"), indent=2) if as_json else "\n".join(lines(found))
    )


def _foreseen(registry: Path, trace: Path) -> Placement:
    require("serve")
    from orchestrator.service.foreseen import foreseen  # here, since it needs the service's extra

    return Placement.model_validate(foreseen(registry, read_trace(trace)))


def lines(found: Placement) -> Iterator[str]:
    """A look for people: who is asked for, homes before and after, and what it would gain."""
    for one in found.experts[:_MAX_SHOWN]:
        yield f"{one.expert}  {one.calls_per_s:.3g} calls/s  {_change(one.homes, one.proposed)}"
    if len(found.experts) > _MAX_SHOWN:
        yield f"and {len(found.experts) - _MAX_SHOWN} more"
    for lineage in found.lineages:
        if set(lineage.proposed) != set(lineage.slots):
            change = _change(lineage.slots, lineage.proposed)
            yield f"engine {lineage.lineage}  {change}"
    yield (
        f"waiting {found.now.waiting:.2f} -> {found.then.waiting:.2f} calls, "
        f"swaps {found.now.swaps_per_s:.2f} -> {found.then.swaps_per_s:.2f} a second, "
        f"busiest slot {found.now.busiest:.0%} -> {found.then.busiest:.0%}"
    )
    yield (
        f"{found.num_starts} engines to start and {found.num_homes_moved} homes to move take "
        f"{found.moving_s:.1f} s"
    )
    yield f"{_outcome(found)}: {found.why}"
    if not found.is_observed:
        yield "defaults.placement is `fixed`: nothing moves unless `orchestrator place` is run"


def _outcome(found: Placement) -> str:
    if found.is_carried_out:
        return "moved"
    return "worth it" if found.is_worth else "nothing moves"


def _change(before: tuple[str, ...], after: tuple[str, ...]) -> str:
    now, then = ", ".join(before) or "anywhere", ", ".join(after) or "anywhere"
    return now if set(before) == set(after) else f"{now} -> {then}"

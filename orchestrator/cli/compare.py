"""`orchestrator compare`: what a service's log says of splits and shadows."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.errors import SetupError
from orchestrator.routing.compared import Agreement, Arm, Comparison
from orchestrator.routing.compared import compare as summed_up

_PIPE_COLUMNS = 160
_MAX_DIFFERENCES = 5


def compare(
    log: Annotated[
        Path, typer.Argument(help="Log of a service: `logs/orchestrator.log` of its data folder.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how often each router of a router chose, and how often shadows agreed with it."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            found = summed_up(lines)
    except OSError as exc:
        raise SetupError(f"{str(log)!r} cannot be read: {exc.strerror}") from exc
    if not found.arms:
        raise SetupError(f"{str(log)!r} has no line of a request that a router placed")
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        _show(found)


def _show(found: Comparison) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    console.print(_arms(found.arms))
    for one in found.agreements:
        console.print(_told(one), markup=False, highlight=False)


def _arms(arms: tuple[Arm, ...]) -> Table:
    heads = ("router", "chose", "requests", "share", "failed", "mean ms", "tokens", "USD/1,000")
    table = Table(*heads, box=None)
    for arm in arms:
        cost = "" if arm.mean_cost_usd is None else f"{arm.mean_cost_usd * 1000:.4f}"
        table.add_row(
            arm.router, arm.chosen_by, f"{arm.num_requests}", f"{arm.share:.1%}",
            f"{arm.num_failed}", f"{arm.mean_ms:.1f}", f"{arm.mean_tokens:.1f}", cost,
        )  # fmt: skip
    return table


def _told(one: Agreement) -> str:
    low, high = one.agreed.interval
    share = f"{one.agreed.value:.1%} ({low:.1%} to {high:.1%}) of {one.agreed.asked:g}"
    lines = [f"shadow {one.shadow} agrees with {one.router} in {share}"]
    shown = one.differences[:_MAX_DIFFERENCES]
    lines += [f"  {count:>6} x {chosen}, the shadow {other}" for chosen, other, count in shown]
    if more := len(one.differences) - len(shown):
        lines.append(f"  and {more} more pairs")
    return "\n".join(lines)

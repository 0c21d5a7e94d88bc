"""`orchestrator route PROMPT`: who would answer, and why; nothing is generated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from orchestrator.cli.live_names import model_names
from orchestrator.cli.plain_tables import table_lines
from orchestrator.cli.service_edits import URL, AsJson, Url, reached
from orchestrator.cli.service_key import caller_key
from orchestrator.client.blocking import Client
from orchestrator.client.wire import Route

Explain = Annotated[
    bool, typer.Option("--explain", help="Say why: scores, reasons, who was left out.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(help="tag:NAME, license:NAME, owner:NAME or expert:ID; again for each."),
]


def route(
    prompt: Annotated[str, typer.Argument(help="The text of a user's turn.")],
    model: Annotated[
        str, typer.Option(help="Expert or composition that is asked.", autocompletion=model_names)
    ] = "auto",
    explain: Explain = False,
    include: Only = None,
    exclude: Only = None,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Say which experts would answer a prompt, and why; nothing is generated."""
    with Client(url, api_key=caller_key()) as client, reached(url):
        found = client.route(prompt, model=model, include=include or (), exclude=exclude or ())
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    elif explain:
        typer.echo("\n".join(explanation(found)))
    else:
        typer.echo(", ".join(found.chosen))


def explanation(found: Route) -> Iterator[str]:
    """Why these and no others, for people."""
    yield f"{', '.join(found.chosen) or 'nobody'} would answer{_by(found)}"
    yield from (f"  {reason}" for reason in found.reasons)
    yield from _facts(found)
    if found.scores:
        yield ""
        yield from table_lines([("expert", "score", ""), *_scored(found)])
    if found.excluded:
        yield ""
        yield from table_lines([("left out", "why"), *found.excluded.items()])


def _by(found: Route) -> str:
    chosen_by = found.chosen_by or found.router
    return f", says router {chosen_by}" if chosen_by else ""


def _facts(found: Route) -> Iterator[str]:
    if found.is_fallback:
        yield "  the router is unsure: the general expert answers"
    if found.category or found.skills:
        yield f"  taken for: {', '.join(found.skills) or found.category}"
    if found.answer is not None:
        yield f"  the answer is known: {found.answer}"
    if found.team:
        yield f"  asked together: {', '.join(found.team)}"
    if found.fallbacks:
        yield f"  where the first cannot: {', '.join(found.fallbacks)}"
    if expected := ", ".join(_expected(found)):
        yield f"  expected: {expected}"
    if found.routing_ms is not None:
        yield f"  decided in {found.routing_ms:.1f} ms"


def _expected(found: Route) -> Iterator[str]:
    if (expected := found.expected) is not None:
        told = {"s": expected.latency_s, "USD": expected.price_usd, "J": expected.energy_j}
        yield from (f"{value:.3g} {unit}" for unit, value in told.items() if value is not None)


def _scored(found: Route) -> Iterator[tuple[str, str, str]]:
    ordered = sorted(found.scores.items(), key=lambda pair: (-pair[1], pair[0]))
    for name, score in ordered:
        yield name, f"{score:.3f}", "chosen" if name in found.chosen else ""

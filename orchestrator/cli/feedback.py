"""`orchestrator feedback`: what callers said of answers, and how to take it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestrator.cli.service_edits import URL, AsJson, Url, reached
from orchestrator.cli.service_key import operator_key
from orchestrator.cli.telling import tell
from orchestrator.client.blocking import Client
from orchestrator.client.feedback import SaidList

feedback = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List what callers said of answers, and take it back.",
)


@feedback.command(name="list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="The newest so many.")] = 100,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """List judgements, newest first, and whether they weigh anything."""
    with Client(url, api_key=operator_key()) as client, reached(url):
        found = client.judgements.said(limit=limit)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), indent=2))
    else:
        typer.echo("\n".join(lines(found)))


@feedback.command()
def revert(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of judgements.")] = None,
    giver: Annotated[str | None, typer.Option(help="Take back all that this giver said.")] = None,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Take judgements back, as if they had never been given."""
    if bool(ids) == (giver is not None):
        raise typer.BadParameter("give ids of judgements, or --giver")
    with Client(url, api_key=operator_key()) as client, reached(url):
        if giver is not None:
            num_deleted = client.judgements.revert(giver).num_deleted
            line = f"took back {num_deleted} judgements of {giver}"
            tell(line, as_json=as_json, giver=giver, num_deleted=num_deleted)
        for one in ids or ():
            client.judgements.take_back(one)
            if not as_json:
                typer.echo(f"took back {one}")
    if ids and as_json:
        tell("", as_json=True, ids=ids, num_deleted=len(ids))


def lines(found: SaidList) -> Iterator[str]:
    """Judgements for people."""
    for one in found.data:
        at = datetime.fromtimestamp(one.at_s, tz=UTC).isoformat(timespec="seconds")
        what = f"router {one.router}, {', '.join(one.labels)}" if one.labels else "no choice"
        weighs = "" if one.weighs else "  (weighs nothing)"
        yield f"{one.id}  {at}  {one.score:.2f}  {one.expert}  {what}  by {one.giver}{weighs}"
    yield f"{len(found.data)} of {found.num_kept} judgements"

"""What the commands about a running service's slots share: how they ask and tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from orchestrator.cli.expert_ids import known_ids
from orchestrator.cli.live_names import slot_names
from orchestrator.cli.service_edits import reached
from orchestrator.cli.service_key import operator_key
from orchestrator.client.blocking import Client
from orchestrator.client.residency_wire import Steered

#: A wish may start an engine: the service's own limit, which says more, comes before.
_PATIENCE_S = 1230.0

Expert = Annotated[
    str, typer.Argument(help="Id of an expert that slots host.", autocompletion=known_ids)
]
Slot = Annotated[
    str | None,
    typer.Option(
        help="Name of one slot; by default its homes, or all that host it.",
        autocompletion=slot_names,
    ),
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Return when it is done, not when it is begun.")
]


@contextmanager
def asking_slots(url: str) -> Iterator[Client]:
    """A client of the service at `url`.

    Raises:
        SetupError: nothing answers there.
    """
    client = Client(url, api_key=operator_key(), timeout_s=_PATIENCE_S)
    with client, reached(url):
        yield client


def steer(wish: Callable[[Client], Steered], *, url: str, as_json: bool) -> None:
    """Have a wish carried out and print what became of it."""
    with asking_slots(url) as client:
        steered = wish(client)
    if as_json:
        typer.echo(json.dumps(steered.model_dump(mode="json"), indent=2))
        return
    for one in steered.slots:
        took = f" in {one.took_s:.2f} s" if one.outcome == "done" else ""
        typer.echo(f"slot {one.slot}: {steered.wish} of {steered.expert} {one.outcome}{took}")

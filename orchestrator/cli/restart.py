"""`orchestrator restart`: new gateways or workers for old ones, without a failed request."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from orchestrator.cli.live_names import parts
from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.cli.service_slots import asking_slots
from orchestrator.client.blocking import Client
from orchestrator.client.failures import UnreachableError
from orchestrator.client.restart import RestartState
from orchestrator.errors import ExpertUnavailableError, OrchestratorError

_POLL_S = 0.25

Part = Annotated[
    str, typer.Argument(help="`gateways`, `workers` or the name of a slot.", autocompletion=parts)
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Return when it is done, not when it is begun.")
]


def restart(part: Part, wait: Wait = True, url: Url = URL, as_json: AsJson = False) -> None:
    """Replace processes one by one: each is back before the next one ends.

    Raises:
        OrchestratorError: it ended before its end.
    """
    with asking_slots(url) as client:
        state = client.restart(part)
        if wait:
            state = _ended(client, state)
    if as_json:
        typer.echo(json.dumps(state.model_dump(mode="json"), indent=2))
    elif not wait:
        typer.echo(f"restart of {part} is begun; GET /admin/restart says how far it is")
    else:
        typer.echo(f"restarted {', '.join(state.done) or 'nothing'} in {state.took_s:.1f} s")
    if wait and state.error is not None:
        left = ", ".join(state.left)
        raise OrchestratorError(f"the restart ended early, {left} left as before: {state.error}")


def _ended(client: Client, state: RestartState) -> RestartState:
    """The state once nothing is under way; what is done meanwhile is told."""
    told = ""
    while state.is_under_way:
        if state.doing != told:
            told = state.doing
            typer.echo(told, err=True)
        time.sleep(_POLL_S)
        try:
            state = client.restart()
        except (UnreachableError, ExpertUnavailableError):
            continue  # the gateway that was asked is one of those that end
    return state

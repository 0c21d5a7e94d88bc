"""`orchestrator residency`."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer

from orchestrator.cli.residency_lines import residency_lines
from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.cli.service_slots import asking_slots
from orchestrator.client.residency_wire import Residency

_PERIOD_S = 1.0
#: Home, and clear what is below.
_TOP = "\x1b[H\x1b[J"


def residency(
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every second, until Ctrl-C.")
    ] = False,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Show what the slots of a running service do and why: residents, queues, the next step.

    With --watch --json it prints one object a line.
    """
    with asking_slots(url) as client:
        if watch:
            shown = _document if as_json else _redrawn
            watched(lambda: typer.echo(shown(client.residency())), pause=time.sleep)
        else:
            found = client.residency()
            typer.echo(_document(found, indent=2) if as_json else _page(found))


def watched(look: Callable[[], None], *, pause: Callable[[float], None]) -> None:
    """Look again and again; Ctrl-C is the way to end it, not a failure."""
    try:
        while True:
            look()
            pause(_PERIOD_S)
    except KeyboardInterrupt:
        return


def _page(found: Residency) -> str:
    return "\n".join(residency_lines(found, width=shutil.get_terminal_size().columns))


def _redrawn(found: Residency) -> str:
    return _TOP + _page(found) if sys.stdout.isatty() else _page(found)


def _document(found: Residency, indent: int | None = None) -> str:
    return json.dumps(found.model_dump(mode="json"), indent=indent)

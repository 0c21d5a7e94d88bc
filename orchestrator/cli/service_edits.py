"""What the commands that change a running service's registry share: how they ask and tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from orchestrator.cli.service_key import operator_key
from orchestrator.cli.telling import AsJson as AsJson
from orchestrator.client.blocking.registry import RegistryClient
from orchestrator.client.failures import UnreachableError
from orchestrator.client.registry_wire import Applied, RolloutStatus
from orchestrator.client.registry_wire import Diff as WireDiff
from orchestrator.client.settings import DEFAULT_URL
from orchestrator.errors import SetupError
from orchestrator.registry.diff import Diff, lines

Url = Annotated[
    str, typer.Option(envvar="ORCHESTRATOR_URL", help="Root of the service, on this machine.")
]

Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Return when it is live, not when it is begun.")
]
URL = DEFAULT_URL


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Say what to do where nothing answers.

    Raises:
        SetupError: nothing answers at `url`, or it is no URL.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise SetupError(
            f"{url!r} is no URL of a service: it begins with http:// or https://, such as {URL}"
        )
    try:
        yield
    except UnreachableError as exc:
        raise SetupError(
            f"no service answers at {url}: start one with `orchestrator serve`, or name "
            f"another with --url ({exc.message})"
        ) from exc


@contextmanager
def asking(url: str) -> Iterator[RegistryClient]:
    """A client of the service at `url`.

    Raises:
        SetupError: nothing answers there.
    """
    with RegistryClient(url, api_key=operator_key()) as client, reached(url):
        yield client


def carry_out(
    begin: Callable[[RegistryClient], Applied], *, url: str, waits: bool, as_json: bool
) -> None:
    """Begin an edit, wait for its end and print what became of it."""
    with asking(url) as client:
        applied = begin(client)
        if waits and applied.outcome == "preparing":
            assert applied.generation is not None
            client.await_live(applied.generation, heard=_Waiting().heard)
            applied = applied.model_copy(update={"outcome": "live"})
    typer.echo(_document(applied) if as_json else "\n".join(_told(applied)))


def diff_lines(diff: WireDiff) -> list[str]:
    """A difference for people; one line says so where there is none."""
    return list(lines(Diff.model_validate(diff.model_dump()))) or ["no difference"]


class _Waiting:
    """Tells once whatever keeps a rollout waiting."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def heard(self, status: RolloutStatus) -> None:
        waiting = status.preparing.waiting_for if status.preparing else {}
        for replica, reason in waiting.items():
            line = f"waiting: {replica}: {reason}"
            if line not in self._told:
                self._told.add(line)
                typer.echo(line, err=True)


def _told(applied: Applied) -> Iterator[str]:
    yield from (f"{warning.text} (warning)" for warning in applied.warnings)
    if applied.outcome in ("live", "preparing"):
        yield from diff_lines(applied.diff)
    yield {
        "live": f"generation {applied.generation} is live",
        "preparing": f"generation {applied.generation} is being prepared",
        "unchanged": f"nothing to do: generation {applied.generation} says the same",
        "valid": "valid; nothing was changed",
    }[applied.outcome]
    if applied.file_differs:
        yield "the registry file says something else: it wins when it is saved or at a restart"


def _document(applied: Applied) -> str:
    return json.dumps(applied.model_dump(mode="json"), indent=2)

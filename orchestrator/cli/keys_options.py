"""What the commands about keys share: their options, how they ask and what they print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from orchestrator.cli.live_names import key_ids
from orchestrator.cli.service_edits import reached
from orchestrator.cli.service_key import operator_key
from orchestrator.client.blocking import Client
from orchestrator.client.blocking.keys import KeysAdmin
from orchestrator.client.keys import Key, NewKey

KeyId = Annotated[str, typer.Argument(help="Id of a key, `key-…`.", autocompletion=key_ids)]
Term = Annotated[
    list[str] | None,
    typer.Option(
        "--term",
        help=(
            "NAME=VALUE, again for each: models=a,b, include=tag:demo, exclude=owner:acme, "
            "requests_per_minute=60, tokens_per_minute=9000, max_concurrent=4, budget_day_usd=1, "
            "budget_usd=20, priority=2. A list takes commas; nothing after = takes a bound away."
        ),
    ),
]
Tag = Annotated[list[str] | None, typer.Option(help="By which usage is summed up, again for each.")]
Expires = Annotated[datetime | None, typer.Option(help="Time of UTC at which the key ends.")]

#: Terms that are lists of names.
_LISTS = frozenset({"models", "include", "exclude"})


@contextmanager
def asking_keys(url: str) -> Iterator[KeysAdmin]:
    """Who makes keys of the service at `url`.

    Raises:
        SetupError: nothing answers there.
    """
    with Client(url, api_key=operator_key()) as client, reached(url):
        yield client.keys


def terms_of(given: list[str] | None) -> dict[str, Any]:
    """Terms as the service takes them, which also says what is wrong with their values.

    Raises:
        BadParameter: one has no `=`.
    """
    found: dict[str, Any] = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not equals:
            raise typer.BadParameter(f"{one!r} is no NAME=VALUE", param_hint="--term")
        found[name.strip()] = _value(name.strip(), value.strip())
    return found


def seconds_of(expires: datetime | None) -> float | None:
    """A time of UTC as Unix seconds."""
    return None if expires is None else expires.replace(tzinfo=UTC).timestamp()


def tell(key: Key, *, as_json: bool) -> None:
    """Print one key; the secret of a new one is the last line, alone, so that scripts find it."""
    if as_json:
        typer.echo(json.dumps(key.model_dump(mode="json"), indent=2))
        return
    for warning in key.warnings:
        typer.echo(f"{warning} (warning)", err=True)
    typer.echo(line_of(key))
    for name, value in key.terms.items():
        said = ", ".join(map(str, value)) if isinstance(value, list) else value
        typer.echo(f"  {name}: {said}")
    if isinstance(key, NewKey):
        typer.echo("the secret, which is not kept and not told again:", err=True)
        typer.echo(key.secret)


def line_of(key: Key) -> str:
    """One key on one line."""
    ends = "" if key.expires_s is None else f"  until {_day(key.expires_s)}"
    used = key.last_used_day or "never"
    what = "admin" if key.is_admin else ", ".join(key.tags)
    parts = (f"{key.id}  {key.recognised_by}…  {key.state:<7}", f"used {used:<10}", key.name, what)
    return "  ".join(part for part in parts if part) + ends


def _value(name: str, value: str) -> Any:
    if name in _LISTS:
        return [part.strip() for part in value.split(",") if part.strip()]
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError:
        return value


def _day(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m-%d %H:%MZ")

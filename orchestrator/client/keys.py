"""Keys of callers, for operators: made, listed, changed and ended, and what operators did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import Field

from orchestrator.client.calls import Outgoing
from orchestrator.client.wire_form import Wire

_PATH = "/admin/keys"


class Key(Wire):
    """A key without its secret."""

    id: str
    name: str
    #: How its secret begins.
    recognised_by: str
    #: `usable`, `expired` or `revoked`.
    state: str
    is_admin: bool
    tags: tuple[str, ...] = ()
    #: What bounds its holder: name of a term -> its value; all else is unbound.
    terms: dict[str, Any]
    #: Unix times, seconds.
    created_s: float
    expires_s: float | None = None
    revoked_s: float | None = None
    former_until_s: float | None = None
    last_used_day: str | None = None
    #: Names in its terms that mean nobody now.
    warnings: tuple[str, ...] = ()


class NewKey(Key):
    """A key and its secret, which is told this once."""

    secret: str = Field(repr=False)


class KeyList(Wire):
    """All keys of a service."""

    #: Whether it asks callers for a key.
    are_asked_for: bool
    data: tuple[Key, ...] = ()


class KeyGone(Wire):
    """A key of which nothing is kept."""

    id: str
    deleted: bool
    #: What counted against its limits and budgets; its usage stays, under its id.
    are_counts_forgotten: bool = False


def create_key_call(
    name: str,
    *,
    terms: Mapping[str, Any] | None,
    tags: Sequence[str],
    is_admin: bool,
    expires_s: float | None,
) -> Outgoing:
    """Make a key."""
    body = {
        "name": name,
        "terms": dict(terms or {}),
        "tags": list(tags),
        "is_admin": is_admin,
        "expires_s": expires_s,
    }
    return Outgoing(method="POST", path=_PATH, body=body)


def keys_call() -> Outgoing:
    """Ask for all keys."""
    return Outgoing(method="GET", path=_PATH, repeats="wanted")


def key_call(key_id: str) -> Outgoing:
    """Ask for one key."""
    return Outgoing(method="GET", path=_path(key_id), repeats="wanted")


def edit_key_call(key_id: str, changes: Mapping[str, Any]) -> Outgoing:
    """Change a key."""
    return Outgoing(method="PATCH", path=_path(key_id), body=changes)


def rotate_key_call(key_id: str, *, grace_s: float) -> Outgoing:
    """Give a key another secret."""
    return Outgoing(method="POST", path=f"{_path(key_id)}/rotate", body={"grace_s": grace_s})


def end_key_call(key_id: str, *, is_forgotten: bool = False) -> Outgoing:
    """End a key; forgotten, it is listed no more."""
    params = {"forget": "true"} if is_forgotten else None
    return Outgoing(method="DELETE", path=_path(key_id), params=params)


def _path(key_id: str) -> str:
    return f"{_PATH}/{quote(key_id, safe='')}"

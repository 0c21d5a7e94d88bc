"""Keys of callers, for operators: made, listed, changed and ended, and what operators did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import Field

from orchestrator.client.operators import OperatorClient
from orchestrator.client.replies import read
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


class KeysAdmin(OperatorClient):
    """Makes and ends keys of a service; every method raises `OrchestratorError`s."""

    def create(
        self,
        name: str,
        *,
        terms: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        is_admin: bool = False,
        expires_s: float | None = None,
    ) -> NewKey:
        """Make a key; what its holder may do, `terms` say as `POST /admin/keys` takes them."""
        body = {
            "name": name,
            "terms": dict(terms or {}),
            "tags": list(tags),
            "is_admin": is_admin,
            "expires_s": expires_s,
        }
        return read(NewKey, self._asked("POST", _PATH, body))

    def every(self) -> KeyList:
        """All keys, by the time they were made."""
        return read(KeyList, self._asked("GET", _PATH))

    def show(self, key_id: str) -> Key:
        """One key."""
        return read(Key, self._asked("GET", _path(key_id)))

    def edit(self, key_id: str, **changes: Any) -> Key:
        """Change `name`, `terms` (one by one), `tags`, `is_admin` or `expires_s`."""
        return read(Key, self._asked("PATCH", _path(key_id), changes))

    def rotate(self, key_id: str, *, grace_s: float = 0.0) -> NewKey:
        """Give a key another secret; the one before works for `grace_s` more."""
        body = {"grace_s": grace_s}
        return read(NewKey, self._asked("POST", f"{_path(key_id)}/rotate", body))

    def revoke(self, key_id: str) -> Key:
        """End a key for good; it stays listed."""
        return read(Key, self._asked("DELETE", _path(key_id)))

    def forget(self, key_id: str) -> KeyGone:
        """End a key and keep nothing of it."""
        return read(KeyGone, self._asked("DELETE", f"{_path(key_id)}?forget=true"))


def _path(key_id: str) -> str:
    return f"{_PATH}/{quote(key_id, safe='')}"

"""Keys of callers, for operators: made, listed, changed and ended, and what operators did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from pydantic import Field

from orchestrator.client.failures import failure, translated
from orchestrator.client.replies import read
from orchestrator.client.settings import DEFAULT_URL, Settings
from orchestrator.client.wire_form import Wire

if TYPE_CHECKING:
    import httpx

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


class KeysAdmin:
    """Makes and ends keys of a service; every method raises `OrchestratorError`s.

    Args:
        base_url: root of the service, without `/v1`.
        api_key: an admin key, where the service asks for one.
        timeout_s: longest silence of the service, seconds.
        transport: how requests travel; the network by default.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = Settings(base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._transport = transport

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

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        import httpx  # here, since it takes longer to import than all of the SDK

        content = None if body is None else orjson.dumps(body)
        settings = self._settings.for_httpx()
        with (
            translated(self._settings.base_url),
            httpx.Client(transport=self._transport, **settings) as http,
        ):
            response = http.request(method, path, content=content)
        if not response.is_success:
            raise failure(response.content, status=response.status_code, headers=response.headers)
        return response.content


def _path(key_id: str) -> str:
    return f"{_PATH}/{quote(key_id, safe='')}"

# Made of asynchronous/keys.py by `python orchestrator/client/twin.py`: edit that one.
"""`client.keys`: keys of callers, for operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.client import keys as calls
from orchestrator.client.blocking.connections import Connection
from orchestrator.client.keys import Key, KeyGone, KeyList, NewKey


class KeysAdmin:
    """Makes and ends keys of a service; every method raises `OrchestratorError`s."""

    def __init__(self, to: Connection) -> None:
        self._to = to

    def create(
        self,
        name: str,
        *,
        terms: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        is_admin: bool = False,
        expires_s: float | None = None,
    ) -> NewKey:
        """Make a key; its secret is told this once.

        Args:
            name: of its holder, for people.
            terms: what its holder may do, as `POST /admin/keys` takes them.
            tags: its usage is summed by them.
            is_admin: whether it may ask for all of this.
            expires_s: Unix time at which it ends.

        Example:
            ```python
            made = client.keys.create("ann", terms={"budget_usd": 5}, tags=["research"])
            print(made.name, made.state, made.terms)  # ann usable {'budget_usd': 5.0}
            ```
        """
        call = calls.create_key_call(
            name, terms=terms, tags=tags, is_admin=is_admin, expires_s=expires_s
        )
        return self._to.ask(NewKey, call)

    def every(self) -> KeyList:
        """All keys, by the time they were made.

        Example:
            ```python
            told = client.keys.every()
            print(told.are_asked_for, [key.name for key in told.data])
            ```
        """
        return self._to.ask(KeyList, calls.keys_call())

    def show(self, key_id: str) -> Key:
        """One key.

        Example:
            ```python
            made = client.keys.create("bob")
            found = client.keys.show(made.id)
            print(found.name)  # bob
            ```
        """
        return self._to.ask(Key, calls.key_call(key_id))

    def edit(self, key_id: str, **changes: Any) -> Key:
        """Change `name`, `terms` (one by one), `tags`, `is_admin` or `expires_s`.

        Example:
            ```python
            made = client.keys.create("bob")
            edited = client.keys.edit(made.id, terms={"models": ["auto"]})
            print(edited.terms)  # {'models': ['auto']}
            ```
        """
        return self._to.ask(Key, calls.edit_key_call(key_id, changes))

    def rotate(self, key_id: str, *, grace_s: float = 0.0) -> NewKey:
        """Give a key another secret; the one before works for `grace_s` more.

        Example:
            ```python
            made = client.keys.create("bob")
            rotated = client.keys.rotate(made.id, grace_s=3600)
            print(rotated.secret == made.secret)  # False
            ```
        """
        return self._to.ask(NewKey, calls.rotate_key_call(key_id, grace_s=grace_s))

    def revoke(self, key_id: str) -> Key:
        """End a key for good; it stays listed.

        Example:
            ```python
            made = client.keys.create("bob")
            ended = client.keys.revoke(made.id)
            print(ended.state)  # revoked
            ```
        """
        return self._to.ask(Key, calls.end_key_call(key_id))

    def forget(self, key_id: str) -> KeyGone:
        """End a key and keep nothing of it.

        Example:
            ```python
            made = client.keys.create("bob")
            gone = client.keys.forget(made.id)
            print(gone.deleted)  # True
            ```
        """
        return self._to.ask(KeyGone, calls.end_key_call(key_id, is_forgotten=True))

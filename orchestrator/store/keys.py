"""Keys of callers, as they are kept: a digest of each secret, never the secret."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

_LOG = logging.getLogger(__name__)


class StoredKey(BaseModel):
    """One key.

    A field that is added keeps the version, unless a reader that does not know it would let in
    whom it shuts out: then the version grows, and older readers refuse the key.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    #: `key-` and digits; what is its holder's own is known by it.
    id: str
    #: Grows by one with each edit: of two edits of the same state, one is refused.
    edition: int = 1
    #: For people.
    name: str
    #: SHA-256 of the secret, in hex.
    digest: str
    #: The secret before the last rotation, and the Unix time until which it may still be used.
    former_digest: str | None = None
    former_until_s: float | None = None
    #: First letters of the secret behind `sk-orc-`, by which people recognise it.
    prefix: str
    #: What its holder may ask for, as `access.terms` reads it.
    terms: dict[str, JsonValue] = {}
    tags: tuple[str, ...] = ()
    is_admin: bool = False
    #: Unix times, seconds; `None` where it has no end, and where it was not revoked.
    created_s: float
    expires_s: float | None = None
    revoked_s: float | None = None


class KeyRecords(Protocol):
    """Where keys are kept. Every method raises `StoreError` when the store is away."""

    async def put(self, key: StoredKey) -> bool:
        """Keep a new key (edition 1), or the next edition of one.

        Returns:
            Whether it is there: not where another edition than the one before it is. May be done
            again after a `StoreError`, when it may or may not have happened.
        """
        ...

    async def find(self, key_id: str) -> StoredKey | None:
        """The key of this id."""
        ...

    async def remove(self, key_id: str) -> bool:
        """Forget a key; whether there was one."""
        ...

    async def every(self) -> list[StoredKey]:
        """All that are kept, in no order."""
        ...

    async def revision(self) -> str:
        """A word that changes whenever a key is put or removed."""
        ...

    def changes(self) -> AsyncIterator[None]:
        """One item soon after each change; some may be missed."""
        ...

    async def note_use(self, key_id: str, day: str) -> None:
        """Remember the last day, `YYYY-MM-DD`, on which a key was used; no change of the key."""
        ...

    async def days_used(self) -> dict[str, str]:
        """Key id -> the last day on which it was used."""
        ...


def readable(raws: Iterable[bytes]) -> list[StoredKey]:
    """Stored values as keys; those of a newer service are left aside, so unusable, and told."""
    found, num_unread = [], 0
    for raw in raws:
        try:
            found.append(StoredKey.model_validate_json(raw))
        except ValidationError:
            num_unread += 1
    if num_unread:
        _LOG.warning("%d keys cannot be read by this version and let nobody in", num_unread)
    return found

"""Who presents a key: the port that the endpoint asks."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Protocol

from orchestrator.access.caller import ADMIN, ANYBODY, Caller
from orchestrator.access.keys import digest_of


class Keyring(Protocol):
    """Knows keys by their digests."""

    async def caller_of(self, presented: str | None) -> Caller:
        """Who sent this `authorization` header, `None` where there was none.

        Raises:
            UnauthenticatedError: a key is asked for, and this is none that may be used now.
            StoreError: keys cannot be read now, and this one was not seen before.
        """
        ...

    async def caller_of_owner(self, owner: str) -> Caller:
        """Who owns a batch whose lines are answered now: its key may have ended meanwhile.

        Raises:
            UnauthenticatedError: the key is none that may be used now.
            StoreError: as `caller_of`.
        """
        ...


class Open:
    """A `Keyring` of a service that asks for no keys: whoever sends one has what is its own.

    Args:
        admin_digest: of the admin key in the settings; `None` where there is none.
    """

    def __init__(self, *, admin_digest: str | None = None) -> None:
        self._admin_digest = admin_digest

    async def caller_of(self, presented: str | None) -> Caller:
        """See `Keyring.caller_of`; 128 bits of a digest tell owners apart."""
        if not presented:
            return ANYBODY
        owner = hashlib.sha256(presented.encode()).hexdigest()[:32]
        secret = presented.partition(" ")[2].strip()
        if self._admin_digest and hmac.compare_digest(digest_of(secret), self._admin_digest):
            return replace(ADMIN, owner=owner)
        return Caller(owner=owner)

    async def caller_of_owner(self, owner: str) -> Caller:
        """See `Keyring.caller_of_owner`."""
        return Caller(owner=owner)

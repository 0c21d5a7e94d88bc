"""The store: small values that every replica of the service must agree on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Store(Protocol):
    """Keys with byte values, and channels. Every method raises `StoreError` when it is away."""

    async def get(self, key: str) -> bytes | None:
        """The value of `key`, `None` when it has none."""
        ...

    async def set(self, key: str, value: bytes, *, expires_s: float | None = None) -> None:
        """Give `key` a value, for ever or for `expires_s` seconds (more than 0)."""
        ...

    async def compare_and_set(self, key: str, *, expected: bytes | None, value: bytes) -> bool:
        """Set `key` if it still has the `expected` value (`None`: has none); whether it was set.

        Atomic among all clients: of two that expect the same value, one succeeds. After a
        `StoreError` it may or may not have happened: read the key.
        """
        ...

    async def delete(self, key: str) -> bool:
        """Remove `key`; whether it had a value."""
        ...

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message to whoever is subscribed now."""
        ...

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Messages published to `channel` since the block was entered.

        A lost connection raises `StoreError` from the iterator: messages may be missing then, so
        subscribe again and read afresh whatever they announced.
        """
        ...

    async def ping(self) -> None:
        """Raise `StoreError` if the store does not answer."""
        ...

    async def close(self) -> None:
        """Free every connection."""
        ...

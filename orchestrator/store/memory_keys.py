"""Keys in memory: for tests, and for trying things out without Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from orchestrator.errors import StoreError
from orchestrator.store.keys import StoredKey


class MemoryKeys:
    """`KeyRecords` for one process; gone with it."""

    def __init__(self) -> None:
        #: Set to have every method raise, as a store that is away.
        self.is_away = False
        self._by_id: dict[str, StoredKey] = {}
        self._day_by_id: dict[str, str] = {}
        self._num_changes = 0
        self._heard: set[asyncio.Queue[None]] = set()

    async def put(self, key: StoredKey) -> bool:
        """See `KeyRecords.put`."""
        self._check_there()
        held = self._by_id.get(key.id)
        if held == key:
            return True
        if (held.edition if held else 0) + 1 != key.edition:
            return False
        self._by_id[key.id] = key
        self._tell()
        return True

    async def find(self, key_id: str) -> StoredKey | None:
        """See `KeyRecords.find`."""
        self._check_there()
        return self._by_id.get(key_id)

    async def remove(self, key_id: str) -> bool:
        """See `KeyRecords.remove`."""
        self._check_there()
        self._day_by_id.pop(key_id, None)
        if self._by_id.pop(key_id, None) is None:
            return False
        self._tell()
        return True

    async def every(self) -> list[StoredKey]:
        """See `KeyRecords.every`."""
        self._check_there()
        return list(self._by_id.values())

    async def revision(self) -> str:
        """See `KeyRecords.revision`."""
        self._check_there()
        return str(self._num_changes)

    async def changes(self) -> AsyncIterator[None]:
        """See `KeyRecords.changes`."""
        self._check_there()
        inbox: asyncio.Queue[None] = asyncio.Queue()
        self._heard.add(inbox)
        try:
            while True:
                await inbox.get()
                yield
        finally:
            self._heard.discard(inbox)

    async def note_use(self, key_id: str, day: str) -> None:
        """See `KeyRecords.note_use`."""
        self._check_there()
        self._day_by_id[key_id] = day

    async def days_used(self) -> dict[str, str]:
        """See `KeyRecords.days_used`."""
        self._check_there()
        return dict(self._day_by_id)

    def _tell(self) -> None:
        self._num_changes += 1
        for inbox in self._heard:
            inbox.put_nowait(None)

    def _check_there(self) -> None:
        if self.is_away:
            raise StoreError("the store in memory is away", retry_after_s=1.0)

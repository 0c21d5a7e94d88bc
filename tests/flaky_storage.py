"""A storage that fails every so often, whatever is asked of it."""

from __future__ import annotations

import random

from orchestrator.batch.storage import StoredObject, Writing
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.errors import StorageError


class FlakyStorage(MemoryStorage):
    """In memory; some calls fail before they take effect, others after.

    Args:
        seed: of which.
    """

    def __init__(self, *, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)
        #: Share of calls that fail.
        self.share = 0.0
        self.num_failed = 0

    async def write(self, path: str, data: bytes) -> None:
        self._fail_maybe()
        await super().write(path, data)
        self._fail_maybe()

    async def open_write(self, path: str) -> Writing:
        self._fail_maybe()
        return await super().open_write(path)

    async def read(self, path: str) -> bytes:
        self._fail_maybe()
        return await super().read(path)

    async def read_range(self, path: str, *, start: int, length: int) -> bytes:
        self._fail_maybe()
        return await super().read_range(path, start=start, length=length)

    async def list(self, prefix: str = "") -> list[StoredObject]:
        self._fail_maybe()
        return await super().list(prefix)

    async def delete(self, path: str) -> bool:
        self._fail_maybe()
        return await super().delete(path)

    async def size(self, path: str) -> int:
        self._fail_maybe()
        return await super().size(path)

    def take(self, path: str, num_bytes: int) -> None:
        self._fail_maybe()
        super().take(path, num_bytes)

    def _fail_maybe(self) -> None:
        if self._chance.random() < self.share:
            self.num_failed += 1
            raise StorageError("the storage failed this once")

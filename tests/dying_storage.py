"""A storage that dies under its office: at one of its writes, before or after it took effect."""

from __future__ import annotations

from orchestrator.batch.storage_memory import MemoryStorage, MemoryWriting
from orchestrator.errors import StorageError


class DyingStorage(MemoryStorage):
    """In memory; what an office does to it ends at one point, as by kill -9."""

    def __init__(self) -> None:
        super().__init__()
        self._left: int | None = None
        self._takes_effect = False

    @property
    def has_died(self) -> bool:
        """Whether the point was reached."""
        return self.is_away

    def arm(self, num_changes: int, *, takes_effect: bool) -> None:
        """Die at the change of this number from now, from 0."""
        self._left, self._takes_effect = num_changes, takes_effect

    def revive(self) -> None:
        """Be there for the next office."""
        self._left, self.is_away = None, False

    async def write(self, path: str, data: bytes) -> None:
        if self._dies():
            if self._takes_effect:
                await super().write(path, data)
            self._die()
        await super().write(path, data)

    async def delete(self, path: str) -> bool:
        if self._dies():
            if self._takes_effect:
                await super().delete(path)
            self._die()
        return await super().delete(path)

    async def delete_folder(self, prefix: str) -> None:
        if self._dies():
            self._die()
        await super().delete_folder(prefix)

    def end(self, writing: MemoryWriting, *, is_kept: bool) -> None:
        if is_kept and self._dies():
            super().end(writing, is_kept=self._takes_effect)
            self._die()
        super().end(writing, is_kept=is_kept)

    def _dies(self) -> bool:
        if self._left is None:
            return False
        self._left -= 1
        return self._left < 0

    def _die(self) -> None:
        self.is_away = True
        raise StorageError("killed")

"""What an office does beside its batches: forget what is old, see whether it still holds them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from orchestrator.batch import places
from orchestrator.batch.batch import Batch
from orchestrator.batch.life import Life, clear
from orchestrator.batch.life_parts import LifeParts
from orchestrator.errors import ConflictError, StorageError

_LOG = logging.getLogger(__name__)


class Upkeep:
    """Two loops, until they are cancelled.

    Args:
        parts: of the office.
        lives: its batches, by id; those that are forgotten are removed.
        let_go: called where another office has come.
    """

    def __init__(
        self, parts: LifeParts, lives: dict[str, Life], *, let_go: Callable[[], Awaitable[None]]
    ) -> None:
        self._parts = parts
        self._lives = lives
        self._let_go = let_go

    async def sweep(self) -> None:
        """Forget batches that ended long ago, and what an end that was cut short left behind."""
        with suppress(StorageError):
            await self._clear_ended()
        while True:
            await self._forget()
            # Not at once: contents that nobody lists may be those of a batch that is about to end.
            await asyncio.sleep(self._parts.settings.sweep_s)
            with suppress(StorageError):
                await self._parts.files.sweep()

    async def watch(self) -> None:
        """Let go where another office has come: what it answers would be answered twice."""
        while True:
            await asyncio.sleep(self._parts.settings.claim_s)
            try:
                await self._parts.claim.check()
            except ConflictError as error:
                _LOG.warning("every batch is let go: %s", error)
                await self._let_go()
                return
            except StorageError as error:
                _LOG.info("nobody can say whether another office has come: %s", error)

    async def _clear_ended(self) -> None:
        found = await self._parts.storage.list(places.BATCHES)
        ids = {one.path.split("/")[1] for one in found if not places.is_kept(one.path)}
        for batch_id in ids & self._lives.keys():
            if self._lives[batch_id].batch.has_ended:
                await clear(self._parts.storage, batch_id)

    async def _forget(self) -> None:
        before_s = self._parts.clock() - self._parts.settings.kept_s
        for batch in [life.batch for life in self._lives.values()]:
            if batch.has_ended and _ended_s(batch) < before_s:
                with suppress(StorageError):
                    await self._parts.storage.delete_folder(places.folder(batch.id))
                    del self._lives[batch.id]


def _ended_s(batch: Batch) -> float:
    times = (batch.completed_at, batch.failed_at, batch.expired_at, batch.cancelled_at)
    return max((time for time in times if time is not None), default=batch.created_at)

"""What calls take, kept beside the batches, so that a new runner plans with what was learned."""

from __future__ import annotations

import asyncio
import logging

from orchestrator.batch.paces import Paces
from orchestrator.batch.storage import Storage
from orchestrator.errors import NotStoredError, StorageError

_LOG = logging.getLogger(__name__)

_PATH = "paces.json"
#: Between two looks whether something was learned, seconds.
_PERIOD_S = 10.0


class PaceFile:
    """Loads what was learned, and keeps it.

    Args:
        storage: where it lies.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept = ""

    async def load(self) -> Paces:
        """What was learned; nothing where there is no file, or none that can be read."""
        try:
            paces = Paces.from_json(await self._storage.read(_PATH))
        except NotStoredError:
            return Paces()
        except StorageError as error:
            _LOG.warning("%s", error.message)
            return Paces()
        self._kept = paces.to_json()
        return paces

    async def keep(self, paces: Paces) -> None:
        """Store what is learned, now and then; does not return."""
        while True:
            await asyncio.sleep(_PERIOD_S)
            await self.save(paces)

    async def save(self, paces: Paces) -> None:
        """Store it where it is not what was stored last; what cannot be stored waits."""
        text = paces.to_json()
        if text == self._kept:
            return
        try:
            await self._storage.write(_PATH, text.encode())
        except StorageError as error:
            _LOG.debug("what calls take is not stored now: %s", error.message)
        else:
            self._kept = text

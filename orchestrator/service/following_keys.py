"""What every process that answers requests knows of keys: all of them, as they change."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from orchestrator.access.issued_keys import IssuedKeys
from orchestrator.access.keyring import Keyring, Open
from orchestrator.errors import StoreError
from orchestrator.service.entry import Entry
from orchestrator.store.ending import ended
from orchestrator.store.keys import KeyRecords
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_keys import RedisKeys

_LOG = logging.getLogger(__name__)

#: Between two looks where no message comes first: a key ends everywhere within it.
_PERIOD_S = 0.9
#: Between two tries to hear of changes.
_LISTEN_AGAIN_S = 1.0


class FollowingKeys:
    """Follows the keys in the store; must be made inside an event loop.

    Args:
        entry: whether keys are asked for; where they are not, nothing runs here.
        store_url: Redis, which has them.
    """

    def __init__(self, entry: Entry, store_url: str) -> None:
        self._link = RedisLink(store_url)
        #: Where operators make keys, whether they are asked for or not.
        self.records: KeyRecords = RedisKeys(self._link)
        #: Who knows callers.
        self.keyring: Keyring = Open(admin_digest=entry.admin_digest)
        self._issued: IssuedKeys | None = None
        self._tasks: list[asyncio.Task[None]] = []
        if entry.asks_for_keys:
            assert entry.admin_digest is not None, "checked before anything starts"
            issued = self._issued = IssuedKeys(self.records, admin_digest=entry.admin_digest)
            self.keyring = issued
            hint = asyncio.Event()
            self._tasks = [
                asyncio.get_running_loop().create_task(work)
                for work in (self._keep_looking(issued, hint), self._listen(hint))
            ]

    @property
    def lacking(self) -> str | None:
        """Why nobody can be let in yet; `None` where callers are known, or not asked."""
        if self._issued is None or self._issued.is_read:
            return None
        return "the keys of callers have not been read from the store yet"

    def check(self) -> None:
        """Raises what ended one of its tasks."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def close(self) -> None:
        """End its tasks and connections."""
        await ended(self._tasks)
        await self._link.close()

    async def _keep_looking(self, issued: IssuedKeys, hint: asyncio.Event) -> None:
        """See what changed; while the store is away, those who were known stay known."""
        was_away = False
        while True:
            hint.clear()
            try:
                await issued.look()
                was_away = False
            except StoreError as exc:
                if not was_away:
                    _LOG.warning("the keys that are known stay so: %s", exc.message)
                was_away = True
            with suppress(TimeoutError):
                async with asyncio.timeout(_PERIOD_S):
                    await hint.wait()

    async def _listen(self, hint: asyncio.Event) -> None:
        """Hear of changes as they happen."""
        while True:
            try:
                async for _ in self.records.changes():
                    hint.set()
            except StoreError as exc:
                _LOG.info("changes of keys are seen by asking only: %s", exc.message)
            hint.set()  # some may have been missed
            await asyncio.sleep(_LISTEN_AGAIN_S)

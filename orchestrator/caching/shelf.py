"""The way to the store of answers: never in the way of a request, and quiet while it is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from orchestrator import metrics
from orchestrator.caching.settings import CacheSettings
from orchestrator.errors import StoreError
from orchestrator.store.answers import Answers

_LOG = logging.getLogger(__name__)

#: A store that did not answer is left alone for so long, seconds.
_AWAY_S = 5.0
#: Values on their way to the store; more are not kept.
_MAX_PUTS = 64


class Shelf:
    """Values of one process, in a store that all share.

    Args:
        store: has the values.
        settings: how long they may be, and are kept.
        clock: Unix time, seconds.
    """

    def __init__(
        self, store: Answers, settings: CacheSettings, *, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._away_until_s = 0.0
        #: Values on their way to the store, by key, which are found meanwhile.
        self._pending: dict[str, bytes] = {}
        self._puts: set[asyncio.Task[None]] = set()

    async def find(self, key: str) -> bytes | None:
        """The value of `key`; `None` too where the store is away."""
        if key in self._pending:
            return self._pending[key]
        if self._is_away:
            return None
        try:
            return await self._store.find(key, now_s=self._clock())
        except StoreError as exc:
            self._leave_alone(exc)
            return None

    def put(self, key: str, value: bytes) -> None:
        """Have a value kept, without waiting; one that cannot be is counted as dropped."""
        is_long = len(value) > self._settings.max_answer_bytes
        if is_long or self._is_away or len(self._pending) >= _MAX_PUTS:
            metrics.CACHE_DROPPED.inc()
            return
        is_on_its_way = key in self._pending
        self._pending[key] = value
        if not is_on_its_way:
            task = asyncio.create_task(self._store_pending(key))
            self._puts.add(task)
            task.add_done_callback(self._puts.discard)

    async def settled(self) -> None:
        """Wait until what was handed over is stored or dropped."""
        await asyncio.gather(*self._puts)

    async def _store_pending(self, key: str) -> None:
        stored, keep_s = None, self._settings.keep_s
        try:
            while stored is not self._pending[key]:  # a newer one may have come meanwhile
                stored = self._pending[key]
                await self._store.put(key, stored, now_s=self._clock(), expires_s=keep_s)
        except StoreError as exc:
            metrics.CACHE_DROPPED.inc()
            self._leave_alone(exc)
        finally:
            del self._pending[key]

    @property
    def _is_away(self) -> bool:
        return self._clock() < self._away_until_s

    def _leave_alone(self, error: StoreError) -> None:
        self._away_until_s = self._clock() + _AWAY_S
        _LOG.warning("answers are not told again for %g s: %s", _AWAY_S, error.message)

"""What calls took is written behind them: in order, again while the store is away, once each."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from orchestrator import metrics
from orchestrator.errors import StoreError
from orchestrator.store.ending import ended
from orchestrator.store.meters import MeterStore, Settlement

_LOG = logging.getLogger(__name__)

#: Settled at once at most.
_MAX_TOGETHER = 256
#: Pause after a write that failed, seconds.
_AGAIN_S = 0.5
#: What ends of calls wait to be written together, seconds: one run of the script for all of a key,
#: where one for each would delay the request that follows it.
TOGETHER_S = 0.05


class Settling:
    """Settles in the background.

    What does not fit is left out and counted: a call whose settlement is lost stays charged at its
    most, and a lease ends by itself.

    Args:
        store: where callers are charged.
        max_waiting: settlements kept while the store is away.
        again_s: pause after a write that failed, seconds.
    """

    def __init__(
        self, store: MeterStore, *, max_waiting: int = 100_000, again_s: float = _AGAIN_S
    ) -> None:
        self._store = store
        self._max_waiting = max_waiting
        self._again_s = again_s
        self._waiting: deque[Settlement] = deque()
        self._task: asyncio.Task[None] | None = None
        #: Set while somebody waits for what is to be written.
        self._is_urgent = asyncio.Event()

    def put(self, settlement: Settlement) -> None:
        """Settle it soon."""
        if len(self._waiting) >= self._max_waiting:
            metrics.SETTLEMENTS_DROPPED.inc()
            return
        self._waiting.append(settlement)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write())

    async def settled(self) -> None:
        """Returns once nothing waits."""
        while self._task is not None:
            self._is_urgent.set()
            await asyncio.shield(self._task)

    async def settled_everywhere(self) -> None:
        """Returns once what had ended in any process is written, or after a second."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.settled(), 1.0)
        await asyncio.sleep(2 * TOGETHER_S)  # by then the others have written theirs

    async def close(self, *, within_s: float = 2.0) -> None:
        """Settle what waits, for so long; the rest stays charged at its most."""
        try:
            await asyncio.wait_for(self.settled(), within_s)
        except TimeoutError:
            self._drop(self._waiting)
        if self._task is not None:
            await ended([self._task])

    async def _write(self) -> None:
        try:
            while self._waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TOGETHER_S):
                        await self._is_urgent.wait()
                some = list(islice(self._waiting, _MAX_TOGETHER))
                try:
                    await self._store.settle(joined(some))
                except StoreError as error:
                    _LOG.warning("%d calls wait to be settled: %s", len(self._waiting), error)
                    await asyncio.sleep(self._again_s)
                    continue
                for _ in some:
                    self._waiting.popleft()
        finally:
            self._is_urgent.clear()
            self._task = None

    def _drop(self, left: Iterable[Settlement]) -> None:
        num = len(list(left))
        if num:
            _LOG.error("%d calls could not be settled and stay charged at their most", num)
            metrics.SETTLEMENTS_DROPPED.inc(num)


def joined(settlements: Iterable[Settlement]) -> list[Settlement]:
    """The same with fewer: the end of a request goes with the end of a call of the same key.

    Whether it was a call of that request does not matter: a lease and a hold end by their names.
    """
    alone: dict[str, list[Settlement]] = {}
    found: list[Settlement] = []
    for one in settlements:
        if one.hold and not one.lease:
            alone.setdefault(one.key_id, []).append(one)
        elif one.lease and not one.hold and alone.get(one.key_id):
            found.append(replace(alone[one.key_id].pop(), lease=one.lease))
        else:
            found.append(one)
    return found + [one for some in alone.values() for one in some]

"""The books: what every request used, summed here for a second and written behind it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from math import ceil
from uuid import uuid4

from orchestrator import metrics
from orchestrator.access.caller import Caller
from orchestrator.access.metering import Charge, Part
from orchestrator.errors import StoreError
from orchestrator.store.ending import ended
from orchestrator.store.meters import day_of
from orchestrator.store.usage import NOTHING_USED, UsageRow, UsageStore, Used

_LOG = logging.getLogger(__name__)

#: Between two writes, and what a failed one waits, seconds.
_PERIOD_S = 1.0
#: Rows that wait for the store at most.
_MAX_ROWS = 100_000


class Books:
    """Keeps what was used.

    Args:
        store: where it is kept.
        clock: Unix time, seconds.
        period_s: between two writes.
    """

    def __init__(
        self, store: UsageStore, *, clock: Callable[[], float], period_s: float = _PERIOD_S
    ) -> None:
        self.store = store
        self._clock = clock
        self._period_s = period_s
        self._open: dict[UsageRow, Used] = {}
        self._written: tuple[str, dict[UsageRow, Used]] | None = None
        self._task: asyncio.Task[None] | None = None

    def add(self, caller: Caller, charge: Charge) -> None:
        """Count a request that has ended, with all that its experts took."""
        is_error = charge.status >= 400
        asked = Used(requests=1, errors=int(is_error))
        self._count(self._row(caller, charge, charge.expert or ""), asked)
        for part in charge.parts:
            self._count(self._row(caller, charge, part.expert), _used(part))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write_forever())

    async def flush(self) -> None:
        """Write what is open.

        Raises:
            StoreError: it could not be written; it is kept.
        """
        while self._written is not None or self._open:
            if self._written is None:
                self._written, self._open = (uuid4().hex, self._open), {}
            entry_id, used = self._written
            await self.store.add(entry_id, used)
            self._written = None

    async def close(self) -> None:
        """Write what is left; what the store does not take now is lost, and told."""
        if self._task is not None:
            await ended([self._task])
        try:
            await asyncio.wait_for(self.flush(), 2.0)
        except (StoreError, TimeoutError):
            _LOG.error("usage of %d rows could not be written", len(self._open))

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            try:
                await self.flush()
            except StoreError as error:
                _LOG.warning("usage of %d rows waits for the store: %s", len(self._open), error)

    def _count(self, row: UsageRow, used: Used) -> None:
        known = self._open.get(row)
        if known is None and len(self._open) >= _MAX_ROWS:
            metrics.USAGE_DROPPED.inc()
            return
        self._open[row] = (known or NOTHING_USED).plus(used)

    def _row(self, caller: Caller, charge: Charge, expert: str) -> UsageRow:
        return UsageRow(
            day=day_of(int(self._clock() * 1000)),
            key_id=caller.key_id,
            tags=tuple(sorted(caller.tags)),
            expert=expert,
            composition=charge.composition or "",
            batch=charge.batch or "",
        )


def _used(part: Part) -> Used:
    return Used(
        prompt_tokens=part.prompt_tokens,
        completion_tokens=part.completion_tokens,
        nano_usd=ceil(round(part.cost_usd * 1e9, 3)),
    )

"""Dispatch tables as they come: asked for where the held one is old, awaited for slots away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from orchestrator.residency.placement import DispatchTable

Refresh = Callable[[], Awaitable[DispatchTable]]


class Tables:
    """The next table, for all calls that want one.

    Args:
        refresh: asks for the newest; one question at a time.
        adopt: takes the answer.
    """

    def __init__(self, *, refresh: Refresh, adopt: Callable[[DispatchTable], None]) -> None:
        self._refresh = refresh
        self._adopt = adopt
        self._refreshing: asyncio.Future[DispatchTable] | None = None
        #: Set when another table is adopted, and replaced.
        self._come = asyncio.Event()

    def come(self) -> None:
        """Another table was adopted: who waits for one goes on."""
        self._come.set()
        self._come = asyncio.Event()

    async def next(self) -> None:
        """Wait for another table, whoever brings it."""
        await self._come.wait()

    async def newest(self) -> None:
        """Adopt the newest there is; all who ask meanwhile share the answer.

        Raises:
            OrchestratorError: nobody has it.
        """
        if self._refreshing is None:
            self._refreshing = asyncio.ensure_future(self._refresh())
            self._refreshing.add_done_callback(self._refreshed)
        self._adopt(await asyncio.shield(self._refreshing))

    def close(self) -> None:
        """Ask no more."""
        if self._refreshing is not None:
            self._refreshing.cancel()

    def _refreshed(self, refreshing: asyncio.Future[DispatchTable]) -> None:
        self._refreshing = None
        if not refreshing.cancelled():
            refreshing.exception()  # every caller that asked may have gone

"""Requests for one answer at one time: the first has it made, the others wait for it."""

from __future__ import annotations

import asyncio

from orchestrator.caching.kept import Kept

#: Longest that a request waits for another one's answer, seconds; then it asks for its own.
MAX_WAIT_S = 10.0


class Flights:
    """Answers under way in this process, by key.

    Args:
        max_wait_s: see `MAX_WAIT_S`.
    """

    def __init__(self, *, max_wait_s: float = MAX_WAIT_S) -> None:
        self._max_wait_s = max_wait_s
        self._by_key: dict[str, asyncio.Future[Kept | None]] = {}

    def begin(self, key: str) -> asyncio.Future[Kept | None] | None:
        """Be the first; `None` where somebody is."""
        if key in self._by_key:
            return None
        flight = self._by_key[key] = asyncio.get_running_loop().create_future()
        return flight

    def land(self, key: str, flight: asyncio.Future[Kept | None], kept: Kept | None) -> None:
        """Tell whoever waits; `None` where there is no answer that others could have."""
        if self._by_key.get(key) is flight:
            del self._by_key[key]
        if not flight.done():
            flight.set_result(kept)

    async def follow(self, key: str) -> Kept | None:
        """The answer that is under way, once it is there; `None` where none is, or none comes."""
        flight = self._by_key.get(key)
        if flight is None:
            return None
        await asyncio.wait((flight,), timeout=self._max_wait_s)
        if flight.done():
            return flight.result()
        if self._by_key.get(key) is flight:  # nobody else is to wait for it as long
            del self._by_key[key]
        return None

"""Which calls run in an engine, by expert, and when the last of some has ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Traffic:
    """Counts calls by the key of their expert."""

    def __init__(self) -> None:
        self._in_flight: Counter[str] = Counter()
        self._changed = asyncio.Event()

    def runs(self, key: str) -> bool:
        """Whether a call runs for the expert of this key."""
        return key in self._in_flight

    @contextmanager
    def passing(self, key: str) -> Iterator[None]:
        """A call for the expert of this key, for the length of the block."""
        self._in_flight[key] += 1
        try:
            yield
        finally:
            self._in_flight[key] -= 1
            self._in_flight += Counter()  # drops what is down to zero
            self._changed.set()

    async def ended(self, keys: Iterable[str]) -> None:
        """Wait until no call runs for any of these."""
        waited_for = frozenset(keys)
        while waited_for & self._in_flight.keys():
            self._changed.clear()
            await self._changed.wait()

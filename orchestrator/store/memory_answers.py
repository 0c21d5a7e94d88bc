"""Answers in memory: for tests, and for a service in one process."""

from __future__ import annotations

from collections import OrderedDict

from orchestrator.store.answers import MAX_BYTES, Holdings


class MemoryAnswers:
    """`Answers` for one process; gone with it.

    Args:
        max_bytes: of all values.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._num_bytes = 0
        #: Key -> value and when it ends; what was used last stands last.
        self._by_key: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    async def find(self, key: str, *, now_s: float) -> bytes | None:
        """See `Answers.find`."""
        value, ends_s = self._by_key.get(key, (None, now_s))
        if ends_s <= now_s:
            self._forget(key)
            return None
        self._by_key.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, *, now_s: float, expires_s: float) -> None:
        """See `Answers.put`."""
        self._forget(key)
        if len(value) > self._max_bytes:
            return
        self._by_key[key] = (value, now_s + expires_s)
        self._num_bytes += len(value)
        while self._num_bytes > self._max_bytes:
            self._forget(next(iter(self._by_key)))

    async def holdings(self) -> Holdings:
        """See `Answers.holdings`."""
        return Holdings(num_answers=len(self._by_key), num_bytes=self._num_bytes)

    def _forget(self, key: str) -> None:
        value, _ = self._by_key.pop(key, (b"", 0.0))
        self._num_bytes -= len(value)

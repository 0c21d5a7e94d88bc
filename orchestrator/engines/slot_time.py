"""Whose time a slot's time is: of calls that run at once, each has an equal share of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from orchestrator.engines.base import Chunk, Item
from orchestrator.engines.embedding import Vectors
from orchestrator.engines.streams import reading

V = TypeVar("V", Vectors, Vectors | None)


class SlotTime:
    """Counts the seconds that a call which always runs would have as its share.

    Two readings of it are the share of a call that ran between them, however many others came and
    went: all shares together are the time in which anything ran.

    Args:
        slot: its name.
        clock: seconds, monotonic.
    """

    def __init__(self, slot: str, *, clock: Callable[[], float]) -> None:
        self.slot = slot
        self._clock = clock
        self._num_running = 0
        self._shared_s = 0.0
        self._seen_s = clock()

    def begin(self) -> float:
        """A call begins; what it ends with."""
        self._look()
        self._num_running += 1
        return self._shared_s

    def share_s(self, begun: float) -> float:
        """Seconds of the slot that are a call's so far."""
        self._look()
        return self._shared_s - begun

    def end(self) -> None:
        """A call ends."""
        self._look()
        self._num_running -= 1

    def _look(self) -> None:
        now_s = self._clock()
        if self._num_running:
            self._shared_s += (now_s - self._seen_s) / self._num_running
        self._seen_s = now_s


async def timed(items: AsyncIterator[Item], time: SlotTime) -> AsyncGenerator[Item, None]:
    """Pass `items` on, their usage with the call's share of the slot's time."""
    begun = time.begin()
    try:
        async with reading(items) as answer:
            async for item in answer:
                yield _with_share(item, time, begun)
    finally:
        time.end()


async def embedded(work: Awaitable[V], time: SlotTime) -> V:
    """Wait for `work`, and tell with its vectors the call's share of the slot's time."""
    begun = time.begin()
    try:
        found = await work
        if found is None:  # called back: another engine takes the call
            return found
        return replace(found, slot_s=time.share_s(begun), slot=time.slot)
    finally:
        time.end()


def _with_share(item: Item, time: SlotTime, begun: float) -> Item:
    if not isinstance(item, Chunk) or item.usage is None:
        return item
    usage = replace(item.usage, slot_s=time.share_s(begun), slot=time.slot)
    return replace(item, usage=usage)

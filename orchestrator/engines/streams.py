"""Reading an engine's answer so that leaving early reaches its source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def reading(chunks: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close `chunks` when the block ends, however it ends.

    A generator that is only dropped is closed whenever the garbage collector comes by; until then
    it generates for nobody and holds its turn.
    """
    try:
        yield chunks
    finally:
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()


async def gathered(chunks: AsyncIterator[T]) -> list[T]:
    """All chunks, once the last has come; leaving before that reaches their source."""
    async with reading(chunks):
        return [chunk async for chunk in chunks]


async def ended(step: asyncio.Future[T]) -> None:
    """Cancel a task and return once it has ended.

    A caller that is lost may be told twice, by its server and by its connection. What the task
    reads can only be closed once it has let go of it, so another cancellation waits for that.

    Raises:
        asyncio.CancelledError: this was cancelled meanwhile; the task has ended all the same.
    """
    step.cancel()
    cancellation: asyncio.CancelledError | None = None
    while not step.done():
        try:
            await asyncio.wait((step,))
        except asyncio.CancelledError as error:
            cancellation = error
    if not step.cancelled():
        step.exception()  # seen: nobody waits for it any longer
    if cancellation is not None:
        raise cancellation


class Bound:
    """A time after which no further chunk is waited for, and one that no chunk may take.

    One timer a stream and bound: an `asyncio.timeout` around each chunk costs several times what
    the chunk does, and one around the whole stream would cancel its reader between two chunks.

    Args:
        left_s: seconds from now, `None` for no bound; must be made inside an event loop.
    """

    def __init__(self, left_s: float | None) -> None:
        self._is_over = False
        #: Whether a chunk took too long, rather than all of them.
        self.is_stalled = False
        self._waiting: asyncio.Task[object] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = None if left_s is None else self._loop.call_later(left_s, self._ring)
        #: Since when a chunk is waited for, and the longest that it may take, seconds.
        self._since_s = 0.0
        self._stall_s = 0.0
        self._watch: asyncio.TimerHandle | None = None

    def watch(self, stall_s: float) -> None:
        """From now on no chunk may take longer than this, seconds."""
        if self._watch is None:
            self._stall_s = stall_s
            self._watch = self._loop.call_later(stall_s, self._look)

    async def next(self, chunks: AsyncIterator[T]) -> T | None:
        """The next chunk, `None` after the last.

        Raises:
            TimeoutError: the time is over; what `chunks` was waiting for was cancelled.
        """
        if self._is_over:
            raise TimeoutError
        task = asyncio.current_task()
        assert task is not None, "streams are read by tasks"
        num_cancels = task.cancelling()
        self._waiting = task
        self._since_s = self._loop.time()
        try:
            return await anext(chunks, None)
        except asyncio.CancelledError as error:
            # The same rule as asyncio.timeout: a cancellation by others goes before ours.
            if self._is_over and task.uncancel() <= num_cancels:
                raise TimeoutError from error
            raise
        finally:
            self._waiting = None

    def end(self) -> None:
        """Wait for no further chunk, from now on."""
        self._ring()

    def stop(self) -> None:
        """Never ring."""
        for timer in (self._timer, self._watch):
            if timer is not None:
                timer.cancel()

    def _look(self) -> None:
        """Ring where a chunk takes too long; else look again when this one would."""
        now_s = self._loop.time()
        waited_s = now_s - self._since_s if self._waiting is not None else 0.0
        if waited_s >= self._stall_s:
            self.is_stalled = not self._is_over
            self._ring()
        else:
            self._watch = self._loop.call_later(self._stall_s - waited_s, self._look)

    def _ring(self) -> None:
        self._is_over = True
        if self._waiting is not None:
            self._waiting.cancel()

"""When the head of a stream leaves: with the first chunk, or when its caller has waited a while.

Until then an error has its own status, and headers say what is known by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Self, TypeAlias

from orchestrator.compositions.progress import Progress, Told
from orchestrator.engines.base import Chunk
from orchestrator.engines.notices import HEAD_S, Notice
from orchestrator.engines.streams import ended
from orchestrator.errors import EngineProtocolError


class Ahead(AsyncIterator[Told]):
    """A stream whose next item can be waited for for a while, and is not lost by it.

    Args:
        items: closed with this one, whatever of it was read.
    """

    def __init__(self, items: AsyncGenerator[Told, None]) -> None:
        self._items = items
        self._step: asyncio.Future[Told | None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Told:
        if self._step is None:
            return await anext(self._items)
        await asyncio.wait((self._step,))
        item, self._step = self._step.result(), None
        if item is None:
            raise StopAsyncIteration
        return item

    async def comes_within(self, wait_s: float) -> bool:
        """Whether the next item, the end or an error is there in time."""
        if self._step is None:
            self._step = asyncio.ensure_future(_next(self._items))
        done, _ = await asyncio.wait((self._step,), timeout=max(wait_s, 0.0))
        return bool(done)

    @property
    def rest(self) -> Rest:
        """What follows: the source itself where nothing of it is waited for, which costs less."""
        return self if self._step is not None else self._items

    async def aclose(self) -> None:
        """End the stream at its source."""
        step, self._step = self._step, None
        try:
            if step is not None:
                await ended(step)
        finally:
            await self._items.aclose()


#: What follows the head of a stream; to be closed.
Rest: TypeAlias = Ahead | AsyncGenerator[Told, None]


async def _next(items: AsyncGenerator[Told, None]) -> Told | None:
    return await anext(items, None)


async def opened(
    items: AsyncGenerator[Told, None], expert: str, *, head_s: float = HEAD_S
) -> tuple[list[Told], Rest]:
    """Read a stream until its head leaves; what there is to tell by then, and the rest.

    The head leaves with the first chunk, with a notice that is repeated to who waits long, or
    `head_s` after a stage has begun, whether or not anything comes meanwhile. Notices of shorter
    waits are told in headers.

    Args:
        items: closed where this fails.
        expert: who is to answer, for errors.
        head_s: how long progress of stages is kept back, seconds.

    Raises:
        OrchestratorError: it failed before its head left.
    """
    ahead = Ahead(items)
    try:
        begun = await _begun(ahead, expert, head_s)
    except BaseException:
        await ahead.aclose()
        raise
    return begun, ahead.rest


async def _begun(ahead: Ahead, expert: str, head_s: float) -> list[Told]:
    held: list[Told] = []
    leaves_s: float | None = None
    clock = asyncio.get_running_loop().time
    while leaves_s is None or await ahead.comes_within(leaves_s - clock()):
        item = await anext(ahead, None)
        if item is None:
            raise EngineProtocolError(f"expert {expert!r} ended its answer before it began")
        if isinstance(item, Chunk) or _is_long(item):
            return [*held, item]
        if isinstance(item, Progress):
            held.append(item)
            leaves_s = clock() + head_s if leaves_s is None else leaves_s
    return held


def _is_long(item: Told) -> bool:
    return isinstance(item, Notice) and item.waited_s > HEAD_S and not item.is_over

"""What a request of several calls is doing, told while it does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

from orchestrator.engines.base import Chunk, Item
from orchestrator.engines.streams import ended, reading

State = Literal["started", "running", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where one stage stands; no part of the answer."""

    #: Names of the stages that it is a part of, outermost first, its own last.
    path: tuple[str, ...]
    state: State
    #: Calls that have ended of those that were made.
    num_done: int
    num_calls: int
    #: Whom they ask, each once, in the order in which they are meant.
    models: tuple[str, ...]
    #: Seconds until all of them are expected to have ended; `None` where nobody can say.
    expected_s: float | None = None
    #: Since the stage began, seconds.
    took_s: float = 0.0


#: What the reader of a composed request is told.
Told = Item | Progress


@dataclass(slots=True)
class Board:
    """Where the stages of one request say how far they are."""

    _told: list[Progress] = field(default_factory=list)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, progress: Progress) -> None:
        """Put it up for whoever reads."""
        self._told.append(progress)
        self._bell.set()

    def take(self) -> list[Progress]:
        """What was put up since the last time."""
        told, self._told = self._told, []
        self._bell.clear()
        return told

    async def wait(self) -> None:
        """Return once there is something to take."""
        await self._bell.wait()


async def interleaved(items: AsyncIterator[Told], board: Board) -> AsyncGenerator[Told, None]:
    """`items`, and what is put up on `board` while the next of them is awaited.

    From the first chunk on the answer alone is read: it is what the stages came to.
    """
    async with reading(items):
        has_begun = False
        while not has_begun:
            step = asyncio.ensure_future(_next(items))
            async with aclosing(_until_next(step, board)) as told:
                async for progress in told:
                    yield progress
            item = step.result()
            if item is None:
                return
            has_begun = isinstance(item, Chunk)
            yield item
        async for item in items:
            yield item


async def _until_next(
    step: asyncio.Future[Told | None], board: Board
) -> AsyncGenerator[Progress, None]:
    """What is told until `step` has ended; who stops reading ends it."""
    try:
        while not step.done():
            rung = asyncio.ensure_future(board.wait())
            try:
                await asyncio.wait((step, rung), return_when=asyncio.FIRST_COMPLETED)
            finally:
                rung.cancel()
            for progress in board.take():
                yield progress
        # What was put up while the last of it was read.
        for progress in board.take():
            yield progress
    finally:
        if not step.done():
            await ended(step)


async def _next(items: AsyncIterator[Told]) -> Told | None:
    return await anext(items, None)

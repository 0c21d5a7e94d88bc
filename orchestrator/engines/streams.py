"""Reading an engine's answer so that leaving early reaches its source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.engines.base import Chunk


@asynccontextmanager
async def reading(chunks: AsyncIterator[Chunk]) -> AsyncIterator[AsyncIterator[Chunk]]:
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

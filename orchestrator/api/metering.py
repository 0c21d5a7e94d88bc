"""Watch an answer go by: who waited for whom, the first token, the tokens used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from orchestrator.api.exchange import Exchange
from orchestrator.engines.base import Chunk


async def metered(chunks: AsyncIterator[Chunk], exchange: Exchange) -> AsyncGenerator[Chunk, None]:
    """Pass `chunks` on, noting times and tokens in `exchange`; closing it closes `chunks`."""
    clock = exchange.clock
    try:
        while True:
            asked_s = clock()
            try:
                chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            finally:
                exchange.engine_s += clock() - asked_s
            _note(chunk, exchange)
            yield chunk
    finally:
        await closed(chunks)


async def closed(chunks: AsyncIterator[Chunk]) -> None:
    """End a stream at its source, where it can be ended."""
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()


def _note(chunk: Chunk, exchange: Exchange) -> None:
    if chunk.usage is not None:
        exchange.usage = chunk.usage
    if exchange.first_token_s is None and chunk.deltas:
        exchange.first_token_s = exchange.elapsed_s()

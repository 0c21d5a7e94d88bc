"""Watch an answer go by: who waited for whom and how long, the first token, the tokens used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from orchestrator.api.exchange import Exchange
from orchestrator.api.waited import heard
from orchestrator.compositions.progress import Told
from orchestrator.engines.base import Chunk, Usage
from orchestrator.engines.notices import Notice

#: What an answer that is told again takes, whatever it took when it was made.
NO_TOKENS = Usage(prompt_tokens=0, completion_tokens=0, cost_usd=0.0)


async def metered(items: AsyncIterator[Told], exchange: Exchange) -> AsyncGenerator[Told, None]:
    """Pass `items` on, noting times and tokens in `exchange`; closing it closes `items`."""
    clock = exchange.clock
    try:
        while True:
            asked_s = clock()
            try:
                item = await anext(items)
            except StopAsyncIteration:
                return
            finally:
                exchange.engine_s += clock() - asked_s
            if isinstance(item, Notice):
                exchange.waited = heard(item, exchange.waited)
            elif isinstance(item, Chunk):
                _note(item, exchange)
            yield item
    finally:
        await closed(items)


async def closed(items: AsyncIterator[Told]) -> None:
    """End a stream at its source, where it can be ended."""
    close = getattr(items, "aclose", None)
    if close is not None:
        await close()


def _note(chunk: Chunk, exchange: Exchange) -> None:
    if chunk.usage is not None:
        is_again = exchange.cache is not None and exchange.cache.is_hit
        exchange.usage = NO_TOKENS if is_again else chunk.usage
    if exchange.first_token_s is None and chunk.deltas:
        exchange.first_token_s = exchange.elapsed_s()

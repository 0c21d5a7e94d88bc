"""What an answer costs by the registry's price of its expert."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from orchestrator.engines.base import Chunk, Usage
from orchestrator.engines.streams import reading
from orchestrator.registry.models import Price

_TOKENS_A_PRICE = 1e6


def cost_usd(usage: Usage, price: Price) -> float:
    """What these tokens cost, USD."""
    prompt = usage.prompt_tokens * price.input_usd_per_mtok
    return (prompt + usage.completion_tokens * price.output_usd_per_mtok) / _TOKENS_A_PRICE


async def priced(chunks: AsyncIterator[Chunk], price: Price) -> AsyncGenerator[Chunk, None]:
    """Pass `chunks` on, their usage with its cost; closing it closes `chunks`."""
    async with reading(chunks) as answer:
        async for chunk in answer:
            if chunk.usage is not None:
                usage = replace(chunk.usage, cost_usd=cost_usd(chunk.usage, price))
                chunk = replace(chunk, usage=usage)  # noqa: PLW2901
            yield chunk

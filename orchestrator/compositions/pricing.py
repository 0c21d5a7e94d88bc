"""What an answer costs by the registry's price of its expert."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from orchestrator.engines.base import Chunk, Item, Usage
from orchestrator.engines.streams import reading
from orchestrator.registry.models import Price

_TOKENS_A_PRICE = 1e6


def cost_usd(usage: Usage, price: Price) -> float:
    """What these tokens cost, USD."""
    prompt = usage.prompt_tokens * price.input_usd_per_mtok
    return (prompt + usage.completion_tokens * price.output_usd_per_mtok) / _TOKENS_A_PRICE


async def priced(items: AsyncIterator[Item], price: Price) -> AsyncGenerator[Item, None]:
    """Pass `items` on, their usage with its cost; closing it closes `items`."""
    async with reading(items) as answer:
        async for item in answer:
            if isinstance(item, Chunk) and (item.usage or item.used) is not None:
                usage, used = _with_cost(item.usage, price), _with_cost(item.used, price)
                item = replace(item, usage=usage, used=used)  # noqa: PLW2901
            yield item


def _with_cost(usage: Usage | None, price: Price) -> Usage | None:
    return None if usage is None else replace(usage, cost_usd=cost_usd(usage, price))

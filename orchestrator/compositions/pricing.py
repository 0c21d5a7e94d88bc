"""What an answer costs by the registry's price of its expert."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from orchestrator.engines.base import Item, Usage
from orchestrator.engines.notices import Notice
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
            if not isinstance(item, Notice) and item.usage is not None:
                usage = replace(item.usage, cost_usd=cost_usd(item.usage, price))
                item = replace(item, usage=usage)  # noqa: PLW2901
            yield item

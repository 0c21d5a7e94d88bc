"""One call on the account of its request: held at its most, settled at what it took."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from orchestrator.compositions.ledger import Ledger, Spend
from orchestrator.engines.base import Chunk, Item, Usage
from orchestrator.engines.streams import reading
from orchestrator.registry.models import Energy

_TOKENS_A_RATE = 1e6


async def charged(
    items: AsyncIterator[Item], ledger: Ledger, *, most: Spend, energy: Energy | None
) -> AsyncGenerator[Item, None]:
    """Pass `items` on, on the account of `ledger`; closing it closes `items`.

    A call that was cut off once it had begun is settled at its most: what it used is not known. One
    that failed before took nothing but its place among the calls.

    Raises:
        LimitsError: it may not be made within what is left.
    """
    await ledger.hold(most)
    took = Spend(calls=1)
    try:
        async with reading(items) as answer:
            async for item in answer:
                if isinstance(item, Chunk):
                    took = most if item.usage is None else spend_of(item.usage, energy)
                yield item
    finally:
        ledger.settle(most, took)


def spend_of(usage: Usage, energy: Energy | None) -> Spend:
    """What a call took; what its expert's entry says nothing of is nothing."""
    energy_j = 0.0
    if energy is not None:
        energy_j = usage.prompt_tokens * energy.input_j_per_mtok / _TOKENS_A_RATE
        energy_j += usage.completion_tokens * energy.output_j_per_mtok / _TOKENS_A_RATE
    return Spend(
        calls=1,
        tokens=usage.prompt_tokens + usage.completion_tokens,
        price_usd=usage.cost_usd or 0.0,
        energy_j=energy_j,
    )

"""What calls of own experts cost: their share of the time of a slot that costs so much an hour."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from orchestrator.engines.base import Chunk, Item
from orchestrator.engines.streams import reading
from orchestrator.registry.models import Expert, Registry

_S_AN_HOUR = 3600.0
_TOKENS_A_RATE = 1e6
#: Seconds of a slot for which a token is held, one that is read and one that is written: more than
#: a call takes that runs alone on a CPU, and calls that run at once share their time. A budget is
#: charged no more than was held, however slow a slot is; what is beyond it is its operator's.
_HELD_S_READ, _HELD_S_WRITTEN = 0.01, 0.1


def slot_hour_usd(registry: Registry) -> float:
    """What an hour of a slot costs, USD; of the dearest where they differ."""
    return max((one.usd_per_hour or 0.0 for one in registry.slots), default=0.0)


def has_slot(expert: Expert) -> bool:
    """Whether an expert runs in a slot."""
    return expert.engine.kind == "vllm"


def slot_rates(hour_usd: float) -> tuple[float, float]:
    """What a million tokens are held at, those that are read and those that are written, USD."""
    read_usd, written_usd = (
        held_s * hour_usd / _S_AN_HOUR * _TOKENS_A_RATE
        for held_s in (_HELD_S_READ, _HELD_S_WRITTEN)
    )
    return read_usd, written_usd


async def slot_priced(
    items: AsyncIterator[Item], usd_per_hour: float
) -> AsyncGenerator[Item, None]:
    """Pass `items` on, their usage with what the call's share of its slot's time costs."""
    async with reading(items) as answer:
        async for item in answer:
            if isinstance(item, Chunk) and item.usage is not None:
                usage = item.usage
                if usage.slot_s is not None:
                    cost = usage.slot_s * usd_per_hour / _S_AN_HOUR
                    item = replace(item, usage=replace(usage, cost_usd=cost))  # noqa: PLW2901
            yield item

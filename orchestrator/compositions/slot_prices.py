"""What calls of own experts cost: their share of the time of a slot that costs so much an hour."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, replace

from orchestrator.engines.base import Chunk, Item
from orchestrator.engines.streams import reading
from orchestrator.registry.models import Expert, Registry
from orchestrator.registry.widths import worker_names

_S_AN_HOUR = 3600.0
_TOKENS_A_RATE = 1e6
#: Seconds of a slot for which a token is held, one that is read and one that is written: more than
#: a call takes that runs alone on a CPU, and calls that run at once share their time. A budget is
#: charged no more than was held, however slow a slot is; what is beyond it is its operator's.
_HELD_S_READ, _HELD_S_WRITTEN = 0.01, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotHours:
    """What an hour of each slot costs, USD."""

    #: By the slot's name, as its worker is called.
    by_slot: Mapping[str, float]

    @property
    def dearest(self) -> float:
        """Of the dearest: at which calls are held before it is known who answers."""
        return max(self.by_slot.values(), default=0.0)

    def cost_usd(self, slot: str, slot_s: float) -> float:
        """What so many seconds of a slot cost; one that an edit took away is the dearest."""
        return slot_s * self.by_slot.get(slot, self.dearest) / _S_AN_HOUR


#: Where slots cost nothing, or there are none.
FREE = SlotHours(by_slot={})


def slot_hours(registry: Registry) -> SlotHours:
    """What the registry says of its slots; nothing where none has a price."""
    named = {name: one.usd_per_hour or 0.0 for one in registry.slots for name in worker_names(one)}
    return SlotHours(by_slot=named) if any(named.values()) else FREE


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


async def slot_priced(items: AsyncIterator[Item], hours: SlotHours) -> AsyncGenerator[Item, None]:
    """Pass `items` on, their usage with what the call's share of its slot's time costs."""
    async with reading(items) as answer:
        async for item in answer:
            if isinstance(item, Chunk) and item.usage is not None:
                usage = item.usage
                if usage.slot_s is not None:
                    cost = hours.cost_usd(usage.slot, usage.slot_s)
                    item = replace(item, usage=replace(usage, cost_usd=cost))  # noqa: PLW2901
            yield item

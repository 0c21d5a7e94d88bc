"""Clients that each wait for an answer before they ask again, in one process with the slot."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from orchestrator.engines.answer import Answer
from orchestrator.engines.base import Call, Item
from orchestrator.engines.collecting import collect
from orchestrator.engines.notices import Notice
from orchestrator.engines.slot import Slot
from orchestrator.engines.streams import reading
from orchestrator.errors import EngineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request and what became of it."""

    call: Call
    #: `None` where it failed.
    answer: Answer | None
    #: Until its first chunk, seconds: its wait for a turn, and one prefill where it reads along,
    #: else all of it.
    first_s: float
    error: str = ""

    @property
    def text(self) -> str | None:
        """What was said, `None` where it failed."""
        return None if self.answer is None else self.answer.choices[0].text


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """One load, carried out."""

    asked: Sequence[Asked]
    wall_s: float
    #: Steps of the slot's engines, by their names.
    num_steps: dict[str, int]

    @property
    def requests_per_s(self) -> float:
        """Answered requests a second."""
        return sum(one.answer is not None for one in self.asked) / self.wall_s

    @property
    def num_failed(self) -> int:
        """Requests without an answer."""
        return sum(one.answer is None for one in self.asked)

    @property
    def longest_s(self) -> float:
        """The longest time until a first chunk."""
        return max(one.first_s for one in self.asked)

    @property
    def num_swaps(self) -> int:
        """Swaps in place."""
        return self.num_steps.get("swap", 0)

    def figures(self) -> dict[str, Any]:
        """For the report."""
        first_s = sorted(one.first_s for one in self.asked)
        return {
            "requests_per_s": round(self.requests_per_s, 2),
            "wall_s": round(self.wall_s, 2),
            "steps": self.num_steps,
            "first_chunk_p50_s": round(first_s[len(first_s) // 2], 3),
            "first_chunk_p99_s": round(first_s[int(len(first_s) * 0.99)], 3),
            "first_chunk_max_s": round(first_s[-1], 3),
            "failed": dict(Counter(one.error for one in self.asked if one.answer is None)),
        }


async def carry_out(slot: Slot, calls: Iterable[Call], *, num_clients: int) -> Went:
    """Ask `calls` in their order, so many at a time."""
    left = iter(calls)

    async def client() -> list[Asked]:
        return [await ask(slot, call) for call in left]

    began_s = perf_counter()
    parts = await asyncio.gather(*(client() for _ in range(num_clients)))
    wall_s = perf_counter() - began_s
    asked = [one for part in parts for one in part]
    return Went(asked=asked, wall_s=wall_s, num_steps=dict(slot.describe().num_steps))


async def ask(slot: Slot, call: Call) -> Asked:
    """One request."""
    waits = _FirstChunk()
    try:
        answer = await collect(waits.noted(slot.generate(call)))
    except EngineError as error:
        return Asked(call=call, answer=None, first_s=waits.elapsed_s(), error=error.code)
    return Asked(call=call, answer=answer, first_s=waits.first_s)


class _FirstChunk:
    """Times a stream's first chunk."""

    def __init__(self) -> None:
        self._began_s = perf_counter()
        self.first_s = 0.0

    def elapsed_s(self) -> float:
        return perf_counter() - self._began_s

    async def noted(self, items: AsyncIterator[Item]) -> AsyncIterator[Item]:
        async with reading(items) as stream:
            async for item in stream:
                if not isinstance(item, Notice):
                    self.first_s = self.first_s or self.elapsed_s()
                yield item

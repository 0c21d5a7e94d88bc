"""Whole decisions of a gateway: who may answer, which text is read, the router, defaults."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import perf_counter

from bench.prompts import prompt
from bench.samples import percentile
from orchestrator.compositions.base import Query
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chat, Message, TextPart
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.loader import load
from orchestrator.residency.placement import DispatchTable
from orchestrator.routing.building import Routers, quick_to_load

#: The composition that is asked.
AUTO = "auto"


def whole_decisions(path: Path) -> Programs:
    """The programs of a registry, every expert hosted by one slot that answers."""
    registry = load(path)
    hosted = {expert.key: ("slot",) for expert in registry.experts}
    table = DispatchTable(slots_by_expert=hosted)

    async def refresh() -> DispatchTable:
        return table

    dispatch = Dispatch(table, slots={"slot": FakeEngine()}, remotes={}, refresh=refresh)
    routers = Routers().load(quick_to_load(registry.routers))
    return Programs(registry, generation=1, routers=routers, dispatch=dispatch)


def whole_p50_ms(programs: Programs, *, num_prompts: int, num_tokens: int, seed: str) -> float:
    """Median time of a decision over distinct prompts, milliseconds."""
    texts = [prompt(num_tokens, seed=f"{seed}-{index}") for index in range(num_prompts)]
    return percentile(asyncio.run(_times_ms(programs, texts)), 0.5)


async def _times_ms(programs: Programs, texts: list[str]) -> list[float]:
    found = []
    for number, text in enumerate(texts):
        turn = Message(role="user", content=(TextPart(text=text),))
        query = Query(id=f"q{number}", model=AUTO, prompt=Chat(messages=(turn,)))
        started_s = perf_counter()
        await programs.decide(query)
        found.append((perf_counter() - started_s) * 1000)
    return found

"""What a composition costs beside its engines' time: every kind over engines that answer at once.

All that is measured runs in the gateway's process: routing, stages, prompts, account, the answer
told. Part of `python -m bench.compositions`.
"""

from __future__ import annotations

import asyncio
import gc
from time import perf_counter
from typing import Any

import numpy as np

from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.compositions.base import Query
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chat, Chunk, Message, TextPart
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.registry.models import Registry
from routers.base import Prompts, Route

OVERHEAD = "overhead"
_P99 = "self_moa with engines that answer at once, 99th percentile"
OVERHEAD_TARGETS = (Target(name=_P99, sense="<=", limit=5.0, unit="ms"),)
_NUM_WARM, _NUM_ASKED = 200, 2000
_EXPERTS = ("first", "second", "third")
_SAYS = tuple(f"Answer {at} of half a dozen, said by an engine at once." for at in range(6))
#: A part of `compositions` by name: one of each kind that makes several calls.
KINDS: dict[str, dict[str, Any]] = {
    "self_moa": {"kind": "self_moa", "router": "topic", "samples": 6, "aggregator": "second"},
    "vote": {"kind": "vote", "router": "topic", "samples": 5, "answers": "text"},
    "cascade": {
        "kind": "cascade", "cheap": ["first"], "samples": 3, "strong": "second", "tau": 0.9,
    },
}  # fmt: skip


class _First:
    """A router that prefers its candidates in order, at once."""

    version = "bench"
    is_slow = False

    def route(self, prompts: Prompts) -> list[Route]:
        scores = {name: 1 / (at + 1) for at, name in enumerate(_EXPERTS)}
        return [Route(chosen=("first",), scores=scores) for _ in prompts.texts]


def measure_overhead(setup: Setup) -> Outcome:
    """Milliseconds of a whole request, one after another, by kind."""
    found = {name: asyncio.run(_timed(name)) for name in KINDS}
    return Outcome(
        values={_P99: found["self_moa"]["p99_ms"]},
        figures={"num_requests": _NUM_ASKED, "by_kind": found},
        rows=[
            (f"{name}: p50, p99", f"{one['p50_ms']:.2f}, {one['p99_ms']:.2f} ms")
            for name, one in found.items()
        ],
    )


async def _timed(name: str) -> dict[str, float]:
    programs = _programs()
    took_ms = []
    for at in range(_NUM_WARM + _NUM_ASKED):
        began_s = perf_counter()
        reply = await programs.reply(_query(name))
        async for item in reply.items:
            assert not isinstance(item, Chunk) or item.deltas or item.usage
        if at >= _NUM_WARM:
            took_ms.append(1000 * (perf_counter() - began_s))
    gc.collect()
    p50_ms, p99_ms = np.percentile(took_ms, (50, 99))
    return {"p50_ms": float(p50_ms), "p99_ms": float(p99_ms)}


def _programs() -> Programs:
    registry = Registry.model_validate(
        {
            "experts": [{"id": name, "engine": {"kind": "fake"}} for name in _EXPERTS],
            "routers": {"topic": {"kind": "category", "artifact": "none", "fallback": "first"}},
            "compositions": KINDS,
        }
    )
    engine = FakeEngine(script=lambda call: Script(says=_SAYS))
    return Programs(registry, generation=1, routers={"topic": _First()}, dispatch=engine)


def _query(model: str) -> Query:
    text = TextPart(text="What is the sum of the first hundred whole numbers, and why?")
    chat = Chat(messages=(Message(role="user", content=(text,)),))
    return Query(id="bench", model=model, prompt=chat)

"""Composed requests on one engine: swaps of many at once, and of the same one by one.

In this process, on real vLLM: the slot's policy and its swaps, without HTTP and Ray. Part of
`python -m bench.compositions`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from bench.heldout import load as load_questions
from bench.report import Outcome, Target
from bench.setup import Setup
from bench.siblings import siblings_of
from orchestrator.compositions.base import Query
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chat, Message, TextPart
from orchestrator.engines.collecting import collect
from orchestrator.registry.loader import load
from orchestrator.registry.models import Registry
from orchestrator.residency.bounded import Bounded
from orchestrator.routing.building import Routers

SWAPS = "swaps"
_SHARE = "swaps of 200 composed requests at once by those of one after another"
SWAPS_TARGETS = (Target(name=_SHARE, sense="<=", limit=0.1),)
_NUM_REQUESTS = 200
_AGGREGATED = "aggregated"
_MAX_WAIT_S = 600.0


def measure_swaps(setup: Setup) -> Outcome:
    """Count them both ways, on one engine of the demo's largest lineage.

    Raises:
        BenchError: the engine did not start.
    """
    return asyncio.run(_measure(setup))


async def _measure(setup: Setup) -> Outcome:
    path = setup.root / "deploy/demo/compositions.yaml"
    registry = load(path)
    async with siblings_of(path) as siblings:
        await siblings.start(1)
        [host] = siblings.hosts
        slot = siblings.slot(Bounded(), num_engines=1)
        programs = Programs(
            _of(registry, {one.id for one in siblings.experts}),
            generation=1,
            routers=Routers().load(registry.routers),
            dispatch=slot,
        )
        queries = _queries(sorted(one.id for one in siblings.experts))
        at_once, at_once_s = await _timed(programs, queries, host.swaps_s, num_clients=len(queries))
        in_turn, in_turn_s = await _timed(programs, queries, host.swaps_s, num_clients=1)
    return Outcome(
        values={_SHARE: at_once / in_turn},
        figures={
            "num_requests": len(queries),
            "swaps": {"at_once": at_once, "in_turn": in_turn},
            "seconds": {"at_once": round(at_once_s, 2), "in_turn": round(in_turn_s, 2)},
        },
        rows=[
            ("swaps: all at once", f"{at_once} in {at_once_s:.1f} s"),
            ("swaps: one after another", f"{in_turn} in {in_turn_s:.1f} s"),
        ],
    )


def _of(registry: Registry, ids: set[str]) -> Registry:
    """The registry's siblings with one composition: samples of the routed, one aggregation."""
    entry = registry.compositions["self-moa"]
    return registry.model_copy(
        update={
            "experts": tuple(one for one in registry.experts if one.id in ids),
            "compositions": {_AGGREGATED: entry},
        }
    )


def _queries(experts: Sequence[str]) -> list[Query]:
    """Questions of every skill, in the order in which nobody would like to swap."""
    asked = [one for one in load_questions(per_group=40) if one.kind == "plain"]
    by_skill = [[one for one in asked if one.skill == name] for name in experts]
    mixed = [question for group in zip(*filter(None, by_skill), strict=False) for question in group]
    return [
        Query(
            id=str(at),
            model=_AGGREGATED,
            prompt=Chat(messages=(Message(role="user", content=(TextPart(text=one.text),)),)),
            timeout_s=_MAX_WAIT_S,
            max_wait_s=_MAX_WAIT_S,
            is_streamed=False,
        )
        for at, one in enumerate(mixed[:_NUM_REQUESTS])
    ]


async def _timed(
    programs: Programs, queries: Sequence[Query], swaps_s: Sequence[float], *, num_clients: int
) -> tuple[int, float]:
    """Swaps and seconds that all of them took."""
    before, began_s = len(swaps_s), time.perf_counter()
    gate = asyncio.Semaphore(num_clients)

    async def one(query: Query) -> None:
        async with gate:
            await collect((await programs.reply(query)).items)

    await asyncio.gather(*map(one, queries))
    return len(swaps_s) - before, time.perf_counter() - began_s

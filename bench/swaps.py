"""Swaps of siblings on a real engine under load, against words of fresh engines.

Clients without a pause ask random experts of one engine until it has swapped two hundred times and
each expert was asked every question after that. All answers are compared, byte by byte, with what
an engine said that was started for that expert alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random
from statistics import median

from bench.closed_loop import Asked, carry_out
from bench.report import Outcome, Target
from bench.setup import Setup
from bench.siblings import Siblings, siblings_of
from bench.spoken import MAX_TOKENS, Spoken, Words, read_words
from bench.words import run_module
from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.registry.models import Expert
from orchestrator.residency.bounded import Bounded

NAME = "swaps"
SWAP, WORDS = "swaps: a sibling's swap, p50", "swaps: answers unlike a fresh engine's"
TARGETS = (
    Target(name=SWAP, sense="<=", limit=60, unit="ms"),
    Target(name=WORDS, sense="<=", limit=0),
)
NUM_SWAPS = 200
NUM_CLIENTS = 16


def measure(setup: Setup) -> Outcome:
    """Let fresh engines speak, then one engine under load, then stop and start it.

    Raises:
        BenchError: there are fewer than ten siblings, or an engine did not start.
    """
    setup.folder.mkdir(parents=True, exist_ok=True)
    fresh = setup.folder / "fresh.json"
    run_module("bench.fresh", str(setup.registry), str(fresh))
    return asyncio.run(_measure(setup.registry, read_words(fresh), num_swaps=NUM_SWAPS))


async def _measure(registry: Path, fresh: Words, *, num_swaps: int) -> Outcome:
    async with siblings_of(registry) as siblings:
        await siblings.start(1)
        (host,) = siblings.hosts
        slot = siblings.slot(Bounded(patience=0), num_engines=1)
        calls = _calls(siblings, fresh, num_swaps=num_swaps)
        went = await carry_out(slot, calls, num_clients=NUM_CLIENTS)
        swaps_s = list(host.swaps_s)
        stop_s = await siblings.stop_s()
        await siblings.start(1)
        start_s = siblings.starts_s[-1]
    different = [_told(asked) for asked in went.asked if not _is_as_fresh(asked, fresh)]
    swap_ms = median(swaps_s) * 1000
    return Outcome(
        values={SWAP: swap_ms, WORDS: len(different)},
        figures={
            "load": went.figures(),
            "num_answers": len(went.asked),
            "different": different[:20],
            "swap_ms": [round(took_s * 1000, 1) for took_s in swaps_s],
            "stop_s": round(stop_s, 2),
            "start_s": round(start_s, 2),
        },
        rows=[
            ("swaps: under load", f"{len(swaps_s):,}"),
            ("swaps: the slowest, ms", f"{max(swaps_s) * 1000:.0f}"),
            ("swaps: answers compared", f"{len(went.asked):,}"),
            ("beside: stop an engine and start another, s", f"{stop_s:.1f} + {start_s:.1f}"),
        ],
    )


def _calls(siblings: Siblings, fresh: Words, *, num_swaps: int) -> Iterator[Call]:
    """Random questions until there were so many swaps, then each of each expert's once."""
    draw = Random(11)
    (host,) = siblings.hosts
    asked = [
        _call(expert, number, fresh[expert.id][number])
        for expert, number in product(siblings.experts, range(len(fresh[siblings.experts[0].id])))
    ]
    while len(host.swaps_s) < num_swaps:
        yield draw.choice(asked)
    yield from draw.sample(asked, len(asked))


def _call(expert: Expert, number: int, known: Spoken) -> Call:
    return Call(
        id=str(number),
        expert=expert.id,
        version=expert.version,
        generation=1,
        prompt=Text(token_ids=known.prompt_token_ids),
        sampling=Sampling(temperature=0.0, max_tokens=MAX_TOKENS),
        stream=False,
    )


def _is_as_fresh(asked: Asked, fresh: Words) -> bool:
    return asked.text == fresh[asked.call.expert][int(asked.call.id)].text


def _told(asked: Asked) -> str:
    return f"{asked.call.expert}, question {asked.call.id}: {asked.error or repr(asked.text)}"

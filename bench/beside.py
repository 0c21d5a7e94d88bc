"""A batch beside callers on one real engine: what callers wait, with it and without, in turns.

Callers ask for ten experts by popularity, at moments that have no memory. The batch keeps a window
of calls in the slot, expert by expert, as the runner does. Spells with and without it alternate,
so that a machine which is not always as fast is as slow for both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from time import perf_counter
from typing import Any

from bench.closed_loop import Asked, ask
from bench.experts import resident
from bench.report import Outcome, Target
from bench.setup import Setup
from bench.siblings import Siblings, siblings_of
from bench.turns import NUM_PROMPTS, NUM_TOKENS, ZIPF, Drawn
from orchestrator.engines.base import Call
from orchestrator.engines.slot import Slot
from orchestrator.residency.courteous import Courteous
from orchestrator.simulation.outcome import quantile

NAME = "beside"
RATIO = "beside: p99 of callers' answers with a batch to that without"
FAILED = "beside: calls without an answer"
TARGETS = (
    Target(name=RATIO, sense="<=", limit=1.25),
    Target(name=FAILED, sense="<=", limit=0),
)
#: Of callers, and spells of both kinds.
CALLS_PER_S, NUM_SPELLS, SPELL_S = 1.5, 6, 40.0
#: Calls of the batch in the slot at a time, and of one expert in a row.
WINDOW, RUN_CALLS = 64, 200


@dataclass(slots=True, kw_only=True)
class Spell:
    """A time with the batch, or without it."""

    has_batch: bool
    asked: list[Asked]
    took_s: list[float]
    num_batch: int
    num_steps: int


class Bench:
    """One slot, its callers and its batch."""

    def __init__(self, siblings: Siblings, stop_ids: Sequence[int], *, spell_s: float) -> None:
        self._siblings = siblings
        self._stop_ids = stop_ids
        self._spell_s = spell_s
        self._dice = Random(11)

    async def spell(self, *, has_batch: bool) -> Spell:
        """One spell, on a slot of its own over the same engine."""
        slot = self._siblings.slot(Courteous(), num_engines=1)
        found = Spell(has_batch=has_batch, asked=[], took_s=[], num_batch=0, num_steps=0)
        async with _batching(slot, self._batch() if has_batch else iter(()), found):
            await self._callers(slot, found)
        await slot.settled()  # the next spell is on the same engine
        found.num_steps = sum(slot.describe().num_steps.values())
        return found

    async def _callers(self, slot: Slot, found: Spell) -> None:
        end_s = perf_counter() + self._spell_s
        async with asyncio.TaskGroup() as callers:
            while perf_counter() < end_s:
                callers.create_task(_timed(slot, self._drawn(), found))
                await asyncio.sleep(self._dice.expovariate(CALLS_PER_S))

    def _drawn(self) -> Call:
        experts = self._siblings.experts
        weights = [rank**-ZIPF for rank in range(1, len(experts) + 1)]
        [expert] = self._dice.choices(experts, weights)
        drawn = Drawn(expert=expert, prompt=self._dice.randrange(NUM_PROMPTS))
        return drawn.call(self._stop_ids, max_wait_s=None)

    def _batch(self) -> Iterator[Call]:
        for number in count():
            expert = self._siblings.experts[number // RUN_CALLS % len(self._siblings.experts)]
            drawn = Drawn(expert=expert, prompt=number % NUM_PROMPTS)
            call = drawn.call(self._stop_ids, max_wait_s=None)
            yield replace(call, is_background=True, order=number // RUN_CALLS)


async def _timed(slot: Slot, call: Call, found: Spell) -> None:
    began_s = perf_counter()
    found.asked.append(await ask(slot, call))
    found.took_s.append(perf_counter() - began_s)


@asynccontextmanager
async def _batching(slot: Slot, calls: Iterator[Call], found: Spell) -> Any:
    """Keep a window of the batch's calls in the slot."""

    async def client() -> None:
        for call in calls:
            asked = await ask(slot, call)
            found.asked.append(asked)
            found.num_batch += asked.answer is not None

    clients = [asyncio.create_task(client()) for _ in range(WINDOW)]
    try:
        yield
    finally:
        for one in clients:
            one.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


def measure(setup: Setup) -> Outcome:
    """Start the engine, and let spells with and without the batch alternate.

    Raises:
        BenchError: there are fewer than ten siblings.
    """
    return asyncio.run(_measure(setup, spell_s=SPELL_S, num_spells=NUM_SPELLS))


async def _measure(setup: Setup, *, spell_s: float, num_spells: int) -> Outcome:
    async with siblings_of(setup.registry) as siblings:
        await siblings.start(1)
        stop_ids = resident(setup.registry).stop_token_ids
        bench = Bench(siblings, stop_ids, spell_s=spell_s)
        await bench.spell(has_batch=False)  # what is compiled at first use is compiled now
        spells = [await bench.spell(has_batch=bool(number % 2)) for number in range(2 * num_spells)]
    return _outcome(spells, spell_s=spell_s)


def _outcome(spells: Sequence[Spell], *, spell_s: float) -> Outcome:
    figures = {}
    for name, has_batch in (("without", False), ("with", True)):
        own = [one for one in spells if one.has_batch == has_batch]
        took_s = [one_s for one in own for one_s in one.took_s]
        figures[name] = {
            "callers": len(took_s),
            "p50_s": round(quantile(took_s, 0.5), 3),
            "p99_s": round(quantile(took_s, 0.99), 3),
            "steps": sum(one.num_steps for one in own),
            "batch_calls_per_s": round(sum(o.num_batch for o in own) / len(own) / spell_s, 2),
        }
    return Outcome(
        values={
            RATIO: figures["with"]["p99_s"] / figures["without"]["p99_s"],
            FAILED: sum(one.answer is None for spell in spells for one in spell.asked),
        },
        figures={
            "callers_per_s": CALLS_PER_S, "tokens": NUM_TOKENS, "window": WINDOW, **figures,
        },
        rows=[
            (f"{name}: {what}", f"{value:,}")
            for name, own in figures.items()
            for what, value in own.items()
        ],
    )  # fmt: skip

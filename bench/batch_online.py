"""What callers wait on one slot of real vLLM, alone and while a batch of every expert is run there.

The same arrivals both times, in turns: callers of few experts, who swap them among each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bench.batch_slot import BatchSlot, batch_slot, mixed, questions
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.engines.base import Call, Chat, Message, Sampling, TextPart
from orchestrator.engines.collecting import collect
from orchestrator.engines.slot import Slot
from orchestrator.registry.models import Expert

NAME = "online"
_SHARE = "online p99 with a batch by that without"
TARGETS = (Target(name=_SHARE, sense="<=", limit=1.25),)
#: Arrivals of one run, a second, and the experts they are for.
NUM_CALLS, RATE, NUM_EXPERTS = 240, 4.0, 3
NUM_ROUNDS = 3
#: Lines of the batch beside them: more than it gets done.
NUM_LINES = 20_000
NUM_TOKENS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    after_s: float
    expert: Expert
    text: str


def measure(setup: Setup) -> Outcome:
    """Both ways in turns, and the percentiles over all rounds."""
    return asyncio.run(_measure(setup, num_calls=NUM_CALLS, num_rounds=NUM_ROUNDS))


async def _measure(setup: Setup, *, num_calls: int, num_rounds: int) -> Outcome:
    alone: list[float] = []
    beside: list[float] = []
    lines_done = 0
    async with batch_slot(setup.registry) as site:
        arrivals = _arrivals(site, num_calls)
        await _asked(site.slot(), arrivals[: num_calls // 8])  # what is compiled first, is
        for _ in range(num_rounds):
            alone += await _asked(site.slot(), arrivals)
            took_s, num_done = await _beside(site, arrivals)
            beside += took_s
            lines_done += num_done
    values = [_percentile(one, 0.99) for one in (alone, beside)]
    return Outcome(
        values={_SHARE: values[1] / values[0]},
        figures={
            "calls": len(alone),
            "rate": RATE,
            "alone_s": _told(alone),
            "beside_s": _told(beside),
            "batch_lines_done": lines_done,
        },
        rows=[
            ("online: p50, p99 alone", _row(alone)),
            ("online: p50, p99 beside a batch", _row(beside)),
            ("online: lines of the batch meanwhile", f"{lines_done:,}"),
        ],
    )


def _arrivals(site: BatchSlot, num_calls: int) -> list[_Arrival]:
    draw, asked, at_s = Random(11), questions(), 0.0
    experts = site.siblings.experts[:NUM_EXPERTS]
    found = []
    for number in range(num_calls):
        at_s += draw.expovariate(RATE)
        text = f"{number}. {asked[number % len(asked)].text}"
        found.append(_Arrival(after_s=at_s, expert=draw.choice(experts), text=text))
    return found


async def _beside(site: BatchSlot, arrivals: Sequence[_Arrival]) -> tuple[list[float], int]:
    """The same while a batch runs in the slot, and how many of its lines were done."""
    ids = [expert.id for expert in site.siblings.experts]
    async with site.batch(mixed(ids, NUM_LINES, seed=3)) as (slot, kept):
        took_s = await _asked(slot, arrivals)
        return took_s, len(kept.results)


async def _asked(slot: Slot, arrivals: Sequence[_Arrival]) -> list[float]:
    """From arrival to the last byte, seconds."""
    began_s = time.perf_counter()

    async def one(number: int, arrival: _Arrival) -> float:
        await asyncio.sleep(max(began_s + arrival.after_s - time.perf_counter(), 0.0))
        asked_s = time.perf_counter()
        await collect(slot.generate(_call(number, arrival)))
        return time.perf_counter() - asked_s

    return list(await asyncio.gather(*(one(at, arrival) for at, arrival in enumerate(arrivals))))


def _call(number: int, arrival: _Arrival) -> Call:
    return Call(
        id=f"online-{number}",
        expert=arrival.expert.id,
        version=arrival.expert.version,
        generation=1,
        prompt=Chat(messages=(Message(role="user", content=(TextPart(text=arrival.text),)),)),
        sampling=Sampling(temperature=0, max_tokens=NUM_TOKENS),
        max_wait_s=60.0,
        stream=False,
    )


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _told(values: Sequence[float]) -> dict[str, float]:
    return {f"p{share:g}": round(_percentile(values, share / 100), 4) for share in (50, 90, 99)}


def _row(values: Sequence[float]) -> str:
    return f"{_percentile(values, 0.5) * 1e3:.0f} ms, {_percentile(values, 0.99) * 1e3:.0f} ms"

"""What callers of one slot of real vLLM wait, alone and beside a batch of all experts.

The same arrivals both times, in turns, over HTTP: callers of a few experts, who swap them among
each other. The batch is one of the service's own, of more lines than it gets done meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from openai import AsyncOpenAI
from openai.types import Batch

from bench.batch_slot import mixed, questions
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.service import start_service
from bench.setup import Setup

NAME = "online"
_SHARE = "online p99 with a batch by that without"
TARGETS = (Target(name=_SHARE, sense="<=", limit=1.25),)
#: Arrivals of one run, a second, and the experts they are for.
NUM_CALLS, RATE, NUM_EXPERTS = 240, 4.0, 3
NUM_ROUNDS = 3
#: Lines of the batch beside them: more than it gets done.
NUM_LINES = 20_000
NUM_TOKENS = 32
EXPERTS = ("capitals", "french", "sums", "spanish", "units", "sort", "roman", "logic")
_ENDED = frozenset({"completed", "cancelled", "failed", "expired"})
_POLL_S, _BEGUN_S = 0.2, 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    after_s: float
    expert: str
    text: str


def measure(setup: Setup) -> Outcome:
    """Both ways in turns, and the percentiles over all rounds."""
    service = start_service(setup.registry, gateways=1, folder=setup.folder)
    try:
        return asyncio.run(_measure(service.url, num_calls=NUM_CALLS, num_rounds=NUM_ROUNDS))
    finally:
        service.process.stop()


async def _measure(url: str, *, num_calls: int, num_rounds: int) -> Outcome:
    alone: list[float] = []
    beside: list[float] = []
    lines_done = 0
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="bench", max_retries=0) as client:
        arrivals = _arrivals(num_calls)
        await _asked(client, arrivals[: num_calls // 8])  # what is compiled first, is
        for _ in range(num_rounds):
            alone += await _asked(client, arrivals)
            async with _batch(client) as batch:
                beside += await _asked(client, arrivals)
                counts = (await client.batches.retrieve(batch.id)).request_counts
            lines_done += 0 if counts is None else counts.completed
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


def _arrivals(num_calls: int) -> list[_Arrival]:
    draw, asked, at_s = Random(11), questions(), 0.0
    found = []
    for number in range(num_calls):
        at_s += draw.expovariate(RATE)
        text = f"{number}. {asked[number % len(asked)].text}"
        expert = draw.choice(EXPERTS[:NUM_EXPERTS])
        found.append(_Arrival(after_s=at_s, expert=expert, text=text))
    return found


@asynccontextmanager
async def _batch(client: AsyncOpenAI) -> AsyncIterator[Batch]:
    """A batch that is under way, and ends with the block.

    Raises:
        BenchError: it was not begun, or did not end, in time.
    """
    rows = [
        {"custom_id": one.custom_id, "method": "POST", "url": one.url, "body": json.loads(one.body)}
        for one in mixed(EXPERTS, NUM_LINES, seed=3)
    ]
    text = "\n".join(map(json.dumps, rows)).encode()
    file = await client.files.create(file=("lines.jsonl", text), purpose="batch")
    batch = await client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    await _until(client, batch.id, frozenset({"in_progress"}))
    try:
        yield batch
    finally:
        await client.batches.cancel(batch.id)
        await _until(client, batch.id, _ENDED)


async def _until(client: AsyncOpenAI, batch_id: str, statuses: frozenset[str]) -> None:
    deadline_s = time.monotonic() + _BEGUN_S
    while (found := await client.batches.retrieve(batch_id)).status not in statuses:
        if time.monotonic() > deadline_s or found.status in _ENDED:
            raise BenchError(f"batch {batch_id} is {found.status!r}: {found.errors}")
        await asyncio.sleep(_POLL_S)


async def _asked(client: AsyncOpenAI, arrivals: Sequence[_Arrival]) -> list[float]:
    """From arrival to the last byte, seconds."""
    began_s = time.perf_counter()

    async def one(arrival: _Arrival) -> float:
        await asyncio.sleep(max(began_s + arrival.after_s - time.perf_counter(), 0.0))
        asked_s = time.perf_counter()
        await client.chat.completions.create(
            model=arrival.expert,
            messages=[{"role": "user", "content": arrival.text}],
            max_tokens=NUM_TOKENS,
            temperature=0,
        )
        return time.perf_counter() - asked_s

    return list(await asyncio.gather(*map(one, arrivals)))


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _told(values: Sequence[float]) -> dict[str, float]:
    shares = (50, 90, 95, 99)
    return {f"p{share}": round(_percentile(values, share / 100), 4) for share in shares}


def _row(values: Sequence[float]) -> str:
    return f"{_percentile(values, 0.5) * 1e3:.0f} ms, {_percentile(values, 0.99) * 1e3:.0f} ms"

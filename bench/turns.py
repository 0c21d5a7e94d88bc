"""Ten and more experts on one slot: the residency policy on a real engine, and what turns cost.

One vLLM engine, driven in this process through the slot that serves in the service, so that what
is measured is the policy and the swaps and not HTTP. Every answer is compared with the same
expert's answer when it is alone; what one expert does under the same load is the reference.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from bench.experts import resident
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.costs.costs import Costs
from orchestrator.engines.base import Call, Item, Sampling, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.notices import Notice
from orchestrator.engines.slot import Slot
from orchestrator.engines.streams import reading
from orchestrator.engines.vllm import start_vllm
from orchestrator.errors import EngineError
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert
from orchestrator.residency.actions import Action, Swap
from orchestrator.residency.arrival_order import arrival_order
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.policy import Policy
from orchestrator.residency.state import SlotState
from orchestrator.residency.tickets import Queues
from orchestrator.service.layout import grouped

NAME = "turns"
SWAP, FAILED, WRONG, WAIT, SHARE = (
    "turns: sibling swap p50",
    "turns: failed requests",
    "turns: answers of another expert",
    "turns: longest wait",
    "turns: throughput over one resident expert",
)
MAX_WAIT_S = 5.0
TARGETS = (
    Target(name=SWAP, sense="<=", limit=60, unit="ms"),
    Target(name=FAILED, sense="<=", limit=0),
    Target(name=WRONG, sense="<=", limit=0),
    Target(name=WAIT, sense="<", limit=MAX_WAIT_S, unit="s"),
    Target(name=SHARE, sense=">=", limit=0.7),
)
#: Siblings that the load needs.
MIN_EXPERTS = 10
NUM_CLIENTS = 16
NUM_REQUESTS = 1000
NUM_TOKENS = 32
#: Prompts of each expert; few, so that each has an answer to compare with.
NUM_PROMPTS = 8
NUM_SWAPS = 50
#: Popularity of the expert of rank r is `r ** -ZIPF`.
ZIPF = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request and what became of it."""

    expert: str
    prompt: int
    #: `None` where it failed.
    text: str | None
    #: Until its first token, seconds: its wait for a turn and one prefill.
    first_s: float
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """One load, carried out."""

    asked: Sequence[Asked]
    wall_s: float
    swaps: int

    @property
    def requests_per_s(self) -> float:
        """Answered requests a second."""
        return sum(one.text is not None for one in self.asked) / self.wall_s

    def figures(self) -> dict[str, Any]:
        """For the report."""
        first_s = sorted(one.first_s for one in self.asked)
        return {
            "requests_per_s": round(self.requests_per_s, 2),
            "wall_s": round(self.wall_s, 2),
            "swaps": self.swaps,
            "first_token_p50_s": round(first_s[len(first_s) // 2], 3),
            "first_token_p99_s": round(first_s[int(len(first_s) * 0.99)], 3),
            "first_token_max_s": round(first_s[-1], 3),
            "failed": dict(Counter(one.error for one in self.asked if one.text is None)),
        }


class Bench:
    """One engine and the experts it can become."""

    def __init__(self, host: Host, experts: Sequence[Expert], *, stop_ids: Sequence[int]) -> None:
        self.host = host
        self.experts = tuple(experts)
        self._stop_ids = stop_ids

    async def swap_s(self, num_swaps: int) -> list[float]:
        """Seconds of sibling swaps, in turns over all experts."""
        took_s = []
        for number in range(num_swaps):
            began_s = perf_counter()
            await self.host.become(self.experts[(number + 1) % len(self.experts)])
            took_s.append(perf_counter() - began_s)
        return took_s

    async def alone(self) -> dict[tuple[str, int], str]:
        """What each expert answers to each prompt when nothing else happens."""
        answers = {}
        slot = self._slot(Bounded())
        for expert in self.experts:
            for prompt in range(NUM_PROMPTS):
                asked = await self._ask(slot, expert, prompt, max_wait_s=None)
                if asked.text is None:
                    raise BenchError(f"expert {expert.id!r} does not answer: {asked.error}")
                answers[expert.id, prompt] = asked.text
        return answers

    async def run(
        self,
        order: Sequence[tuple[Expert, int]],
        *,
        policy: Policy,
        max_wait_s: float | None = MAX_WAIT_S,
    ) -> Went:
        """A closed loop of clients over `order`, on a slot of its own."""
        counted = _Counted(policy)
        slot = self._slot(counted)
        left = iter(order)

        async def client() -> list[Asked]:
            return [
                await self._ask(slot, expert, prompt, max_wait_s=max_wait_s)
                for expert, prompt in left
            ]

        began_s = perf_counter()
        parts = await asyncio.gather(*(client() for _ in range(NUM_CLIENTS)))
        wall_s = perf_counter() - began_s
        asked = [one for part in parts for one in part]
        return Went(asked=asked, wall_s=wall_s, swaps=counted.swaps)

    def _slot(self, policy: Policy) -> Slot:
        slot = Slot("bench", clock=asyncio.get_running_loop(), policy=policy)
        slot.seat("bench", self.host, self.experts)
        return slot

    async def _ask(
        self, slot: Slot, expert: Expert, prompt: int, *, max_wait_s: float | None
    ) -> Asked:
        call = Call(
            id=f"{expert.id}-{prompt}",
            expert=expert.id,
            version=expert.version,
            generation=1,
            prompt=Text(text=f"{prompt}: {expert.id} of"),
            sampling=Sampling(
                temperature=0,
                max_tokens=NUM_TOKENS,
                logit_bias=dict.fromkeys(self._stop_ids, -100.0),
            ),
            max_wait_s=max_wait_s,
        )
        waits = _FirstToken()
        try:
            answer = await collect(waits.noted(slot.generate(call)))
        except EngineError as error:
            told, first_s = error.code, waits.elapsed_s()
            return Asked(expert=expert.id, prompt=prompt, text=None, first_s=first_s, error=told)
        text = answer.choices[0].text
        return Asked(expert=expert.id, prompt=prompt, text=text, first_s=waits.first_s)


class _FirstToken:
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


class _Counted:
    """A policy, and the swaps it decided."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.swaps = 0

    def __call__(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
        action = self._policy(state, queues, costs, now_s=now_s)
        self.swaps += isinstance(action, Swap)
        return action


def measure(setup: Setup) -> Outcome:
    """Start one engine, and send it the load by each policy.

    Raises:
        BenchError: there are fewer than ten siblings, or one does not answer alone.
    """
    return asyncio.run(_measure(setup.registry, num_requests=NUM_REQUESTS))


async def _measure(registry_path: Path, *, num_requests: int) -> Outcome:
    lineage = max(grouped(load(registry_path), registry_path.parent), key=_num_siblings)
    if _num_siblings(lineage) < MIN_EXPERTS:
        raise BenchError(f"{registry_path} has no {MIN_EXPERTS} experts that share an engine")
    siblings = [expert for expert in lineage.experts if not expert.is_adapter]
    host = await start_vllm(lineage)
    try:
        bench = Bench(host, siblings, stop_ids=resident(registry_path).stop_token_ids)
        return await _compared(bench, num_requests)
    finally:
        await host.close()


async def _compared(bench: Bench, num_requests: int) -> Outcome:
    swaps_s = await bench.swap_s(NUM_SWAPS)
    answers = await bench.alone()
    order = _order(bench.experts, num_requests)
    one = bench.experts[0]
    runs = {
        "one expert": await bench.run([(one, prompt) for _, prompt in order], policy=Bounded()),
        "bounded": await bench.run(order, policy=Bounded()),
        "bounded, patience 0.9": await bench.run(order, policy=Bounded(patience=0.9)),
        "arrival order": await bench.run(order, policy=arrival_order, max_wait_s=None),
    }
    ours = runs["bounded"]
    wrong = sum(
        asked.text is not None and asked.text != answers[asked.expert, asked.prompt]
        for asked in ours.asked
    )
    share = ours.requests_per_s / runs["one expert"].requests_per_s
    rows = [(f"{name}: requests/s", f"{went.requests_per_s:,.1f}") for name, went in runs.items()]
    rows += [(f"{name}: swaps", f"{went.swaps:,}") for name, went in runs.items()]
    return Outcome(
        values={
            SWAP: median(swaps_s) * 1000,
            FAILED: sum(asked.text is None for asked in ours.asked),
            WRONG: wrong,
            WAIT: max(asked.first_s for asked in ours.asked),
            SHARE: share,
        },
        figures={
            "experts": [expert.id for expert in bench.experts],
            "zipf": ZIPF,
            "clients": NUM_CLIENTS,
            "requests": num_requests,
            "tokens": NUM_TOKENS,
            "swap_ms": [round(took_s * 1000, 1) for took_s in swaps_s],
            "runs": {name: went.figures() for name, went in runs.items()},
        },
        rows=rows,
    )


def _num_siblings(lineage: Lineage) -> int:
    return sum(not expert.is_adapter for expert in lineage.experts)


def _order(experts: Sequence[Expert], num_requests: int) -> list[tuple[Expert, int]]:
    """Requests as they are drawn: an expert by its popularity, and one of its prompts."""
    draw = Random(7)
    weights = [rank**-ZIPF for rank in range(1, len(experts) + 1)]
    drawn = draw.choices(experts, weights, k=num_requests)
    return [(expert, draw.randrange(NUM_PROMPTS)) for expert in drawn]

"""Ten and more experts on one slot: the residency policy on real engines, and what turns cost.

The slot has as many engines as the machine has cores; all can become any of the experts. Every
answer is compared with the same expert's answer when it is alone; what one expert does under the
same load on one engine is the reference.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean

from bench.closed_loop import Asked, Went, ask, carry_out
from bench.experts import resident
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.setup import Setup
from bench.siblings import Siblings, siblings_of
from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.registry.models import Expert
from orchestrator.residency.arrival_order import arrival_order
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.policy import Policy

NAME = "turns"
FAILED, WRONG, WAIT, SHARE = (
    "turns: failed requests",
    "turns: answers of another expert",
    "turns: longest wait, answer included",
    "turns: throughput over one resident expert",
)
MAX_WAIT_S = 5.0
TARGETS = (
    Target(name=FAILED, sense="<=", limit=0),
    Target(name=WRONG, sense="<=", limit=0),
    Target(name=WAIT, sense="<", limit=MAX_WAIT_S, unit="s"),
    Target(name=SHARE, sense=">=", limit=0.7),
)
NUM_CLIENTS = 16
NUM_REQUESTS = 1000
NUM_TOKENS = 32
#: Requests of the slow runs that are there for comparison: enough for a rate.
NUM_COMPARED = 300
#: Prompts of each expert; few, so that each has an answer to compare with.
NUM_PROMPTS = 8
#: Popularity of the expert of rank r is `r ** -ZIPF`.
ZIPF = 1.0
#: Another place of the knob than the default, for comparison.
PATIENCE = 0.9

#: An expert's id and the number of a prompt -> the answer.
Answers = Mapping[tuple[str, int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One request of the load, before it is asked."""

    expert: Expert
    prompt: int

    def call(self, stop_ids: Sequence[int], *, max_wait_s: float | None) -> Call:
        """As the slot takes it: the tokens that end an answer are forbidden."""
        return Call(
            id=f"{self.expert.id}-{self.prompt}",
            expert=self.expert.id,
            version=self.expert.version,
            generation=1,
            prompt=Text(text=f"{self.prompt}: {self.expert.id} of"),
            sampling=Sampling(
                temperature=0,
                max_tokens=NUM_TOKENS,
                logit_bias=dict.fromkeys(stop_ids, -100.0),
            ),
            max_wait_s=max_wait_s,
            stream=False,
        )


class Bench:
    """The siblings, and the load by which policies are compared."""

    def __init__(self, siblings: Siblings, stop_ids: Sequence[int]) -> None:
        self.siblings = siblings
        self._stop_ids = stop_ids

    async def alone(self) -> Answers:
        """What each expert answers to each prompt when nothing else happens."""
        slot = self.siblings.slot(Bounded(), num_engines=1)
        answers = {}
        for expert in self.siblings.experts:
            for prompt in range(NUM_PROMPTS):
                drawn = Drawn(expert=expert, prompt=prompt)
                asked = await ask(slot, drawn.call(self._stop_ids, max_wait_s=None))
                if asked.text is None:
                    raise BenchError(f"expert {expert.id!r} does not answer: {asked.error}")
                answers[expert.id, prompt] = asked.text
        return answers

    async def run(
        self,
        order: Sequence[Drawn],
        policy: Policy,
        *,
        num_engines: int,
        max_wait_s: float | None = MAX_WAIT_S,
    ) -> Went:
        """The load, on a slot of its own."""
        slot = self.siblings.slot(policy, num_engines=num_engines)
        calls = [drawn.call(self._stop_ids, max_wait_s=max_wait_s) for drawn in order]
        return await carry_out(slot, calls, num_clients=NUM_CLIENTS)

    async def reference(self, order: Sequence[Drawn], *, num_engines: int = 1) -> Went:
        """The same load on the most popular expert alone, resident in every engine."""
        one = self.siblings.experts[0]
        for host in self.siblings.hosts[:num_engines]:
            await host.become(one)
        same = [Drawn(expert=one, prompt=drawn.prompt) for drawn in order]
        return await self.run(same, Bounded(), num_engines=num_engines)


def measure(setup: Setup) -> Outcome:
    """Start the engines, and send them the load by each policy.

    Raises:
        BenchError: there are fewer than ten siblings, or one does not answer alone.
    """
    return asyncio.run(_measure(setup.registry, num_requests=NUM_REQUESTS))


async def _measure(registry: Path, *, num_requests: int) -> Outcome:
    async with siblings_of(registry) as siblings:
        num_engines = len(os.sched_getaffinity(0))
        await siblings.start(num_engines)
        bench = Bench(siblings, resident(registry).stop_token_ids)
        answers = await bench.alone()
        order = _order(siblings.experts, num_requests)
        before = await bench.reference(order)
        ours = await bench.run(order, Bounded(), num_engines=num_engines)
        after = await bench.reference(order)  # a machine is not always as fast
        others = await _others(bench, order, num_engines=num_engines)
    runs = {"one expert": before, "ours": ours, "one expert again": after} | others
    reference = mean([before.requests_per_s, after.requests_per_s])
    return _outcome(runs, answers, reference=reference, num_engines=num_engines)


async def _others(bench: Bench, order: Sequence[Drawn], *, num_engines: int) -> dict[str, Went]:
    """For comparison: other places of the knob, one engine, and arrival order."""
    patient, few = Bounded(patience=PATIENCE), order[:NUM_COMPARED]
    return {
        f"ours, patience {PATIENCE}": await bench.run(order, patient, num_engines=num_engines),
        "arrival order": await bench.run(
            few, arrival_order, num_engines=num_engines, max_wait_s=None
        ),
        "ours, one engine": await bench.run(few, Bounded(), num_engines=1),
        "arrival order, one engine": await bench.run(
            few, arrival_order, num_engines=1, max_wait_s=None
        ),
        "one expert on every engine": await bench.reference(order, num_engines=num_engines),
    }


def _outcome(
    runs: Mapping[str, Went], answers: Answers, *, reference: float, num_engines: int
) -> Outcome:
    ours = runs["ours"]
    rows = [(f"{name}: requests/s", f"{went.requests_per_s:,.1f}") for name, went in runs.items()]
    rows += [(f"{name}: swaps", f"{went.num_swaps:,}") for name, went in runs.items()]
    return Outcome(
        values={
            FAILED: ours.num_failed,
            WRONG: sum(_is_wrong(asked, answers) for went in runs.values() for asked in went.asked),
            WAIT: ours.longest_s,
            SHARE: ours.requests_per_s / reference,
        },
        figures={
            "experts": sorted({expert for expert, _ in answers}),
            "engines": num_engines,
            "patience": Bounded().patience,
            "zipf": ZIPF,
            "clients": NUM_CLIENTS,
            "requests": len(ours.asked),
            "tokens": NUM_TOKENS,
            "runs": {name: went.figures() for name, went in runs.items()},
        },
        rows=rows,
    )


def _is_wrong(asked: Asked, answers: Answers) -> bool:
    prompt = int(asked.call.id.rpartition("-")[2])
    return asked.text is not None and asked.text != answers[asked.call.expert, prompt]


def _order(experts: Sequence[Expert], num_requests: int) -> list[Drawn]:
    """Requests as they are drawn: an expert by its popularity, and one of its prompts."""
    draw = Random(7)
    weights = [rank**-ZIPF for rank in range(1, len(experts) + 1)]
    drawn = draw.choices(experts, weights, k=num_requests)
    return [Drawn(expert=expert, prompt=draw.randrange(NUM_PROMPTS)) for expert in drawn]

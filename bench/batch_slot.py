"""One slot of real vLLM in this process, and batches that are run on it as the service does.

All is the service's own: the application, the executor, held calls, the slot's policy and swaps;
what is left out is HTTP and Ray.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from bench.heldout import Question
from bench.heldout import load as load_questions
from bench.siblings import Siblings, TimedHost, siblings_of
from orchestrator.api.app import create_app
from orchestrator.api.inside import InsideEndpoint
from orchestrator.api.readiness import Readiness
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.batch.executing import Work
from orchestrator.batch.executor import PlannedExecutor, Plans
from orchestrator.batch.held import HeldDispatch
from orchestrator.batch.line import Line, LineResult
from orchestrator.batch.paces import Paces
from orchestrator.batch.planning import expert_costs, planned_slots
from orchestrator.batch.surroundings import Surroundings
from orchestrator.compositions.outline import outlined
from orchestrator.compositions.programs import Programs
from orchestrator.costs.costs import Costs
from orchestrator.engines.base import Call, Item
from orchestrator.engines.embedding import AnyCall, FullEngine
from orchestrator.engines.sighting import Residency, Sighting
from orchestrator.engines.slot import Slot
from orchestrator.planner.arrival import arrival_order
from orchestrator.planner.planner import planned
from orchestrator.planner.workload import WorkloadBuilder
from orchestrator.registry.loader import load
from orchestrator.registry.models import Registry
from orchestrator.residency.courteous import Courteous
from orchestrator.residency.placement import DispatchTable
from orchestrator.residency.policy import Policy
from orchestrator.routing.building import Routers
from orchestrator.store.memory import MemoryRecords

#: Longest answer, tokens.
NUM_TOKENS = 48
#: Popularity of the expert of rank r is `r ** -ZIPF`.
ZIPF = 1.0
CHAT = "/v1/chat/completions"
_NAME = "bench"


@dataclass(slots=True, kw_only=True)
class BatchSlot:
    """A registry's siblings on one engine, and what was learned of them."""

    registry: Registry
    siblings: Siblings
    routers: Routers
    paces: Paces = field(default_factory=Paces)
    costs: Costs = field(default_factory=Costs)

    @property
    def host(self) -> TimedHost:
        """Its one engine."""
        return self.siblings.hosts[0]

    def slot(self, policy: Policy | None = None) -> Slot:
        """A slot of its own, which knows what those before it learned."""
        return self.siblings.slot(policy or Courteous(), num_engines=1, costs=self.costs)

    def endpoint(self, dispatch: FullEngine) -> InsideEndpoint:
        """The application over `dispatch`."""
        programs = Programs(
            self.registry,
            generation=1,
            routers=self.routers.load(self.registry.routers),
            dispatch=dispatch,
        )
        app = create_app(
            Wiring(
                live=lambda: programs,
                records=MemoryRecords(),
                readiness=lambda: Readiness(is_ready=True),
                settings=ApiSettings(),
            )
        )
        outline = partial(outlined, lengths=self.paces.mean_output_tokens)
        return InsideEndpoint(app, lambda: programs, outline=outline, timeout_s=3600.0)

    def executor(
        self, slot: Slot, heard: Callable[[AnyCall], object] = lambda _: None
    ) -> tuple[PlannedExecutor, InsideEndpoint]:
        """What runs batches on a slot, and the endpoint it does so by.

        Args:
            slot: where.
            heard: is told of each call that lines make.
        """
        held = _Heard(slot, heard)
        endpoint = self.endpoint(held)
        executor = PlannedExecutor(
            endpoint,
            held=held,
            lookout=_Lookout(slot, self),
            plans=Plans(
                planned=planned, arrival=arrival_order, hasty=partial(planned, num_tries=0)
            ),
            paces=self.paces,
        )
        return executor, endpoint

    async def run_planned(
        self, lines: Sequence[Line], *, heard: Callable[[AnyCall], object] = lambda _: None
    ) -> Planned:
        """All lines as one batch, on a slot that has what the host has."""
        executor, endpoint = self.executor(self.slot(), heard)
        work = await _work(lines, endpoint, kept := Kept())
        plan, _ = await executor.plan(work)
        num_before, began_s = len(self.host.swaps_s), time.perf_counter()
        await executor.execute(work)
        return Planned(
            wall_s=time.perf_counter() - began_s,
            num_swaps=len(self.host.swaps_s) - num_before,
            swap_s=sum(self.host.swaps_s[num_before:]),
            predicted_s=plan.makespan_s,
            predicted_swaps=plan.num_swaps,
            num_failed=sum(one.fault is not None for one in kept.results),
            results=kept.results,
        )

    @asynccontextmanager
    async def batch(self, lines: Sequence[Line]) -> AsyncIterator[tuple[Slot, Kept]]:
        """A slot with a batch under way, and what came of its lines so far."""
        slot, kept = self.slot(), Kept()
        executor, endpoint = self.executor(slot)
        work = await _work(lines, endpoint, kept)
        running = asyncio.create_task(executor.execute(work))
        try:
            yield slot, kept
        finally:
            running.cancel()
            await asyncio.wait([running])


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One batch that was run by plan."""

    wall_s: float
    num_swaps: int
    swap_s: float
    predicted_s: float
    predicted_swaps: int
    num_failed: int
    results: Sequence[LineResult]

    def figures(self) -> dict[str, float]:
        """For the report."""
        return {
            "wall_s": round(self.wall_s, 3),
            "swaps": self.num_swaps,
            "swap_s": round(self.swap_s, 3),
            "predicted_s": round(self.predicted_s, 3),
            "predicted_swaps": self.predicted_swaps,
            "failed": self.num_failed,
        }


@dataclass(slots=True)
class Kept:
    """A sink in memory."""

    results: list[LineResult] = field(default_factory=list)

    async def put(self, result: LineResult) -> None:
        """See `Sink.put`."""
        self.results.append(result)


@dataclass(frozen=True, slots=True)
class Listed:
    """Lines of a list."""

    lines: Sequence[Line]

    def __len__(self) -> int:
        return len(self.lines)

    async def read(self, place: int) -> Line:
        """See `Lines.read`."""
        return self.lines[place]


class _Heard(HeldDispatch):
    """Tells of each call as it comes."""

    def __init__(self, dispatch: FullEngine, heard: Callable[[AnyCall], object]) -> None:
        super().__init__(dispatch)
        self._heard = heard

    def generate(self, call: Call) -> AsyncIterator[Item]:
        """See `HeldDispatch.generate`."""
        self._heard(call)
        return super().generate(call)


class _Lookout:
    """Sees the one slot as the service's batch runner would."""

    def __init__(self, slot: Slot, site: BatchSlot) -> None:
        self._slot = slot
        self._site = site

    async def look(self) -> Surroundings:
        report = self._slot.describe()
        registry = self._site.registry
        residency = Residency(
            slots=(Sighting(slot=_NAME, health="ready", detail="", report=report),),
            table=DispatchTable(slots_by_expert=dict.fromkeys(report.experts, (_NAME,))),
        )
        return Surroundings(
            slots=planned_slots(residency, registry),
            costs=expert_costs(residency, registry, self._site.paces),
            generation=1,
        )


async def _work(lines: Sequence[Line], endpoint: InsideEndpoint, sink: Kept) -> Work:
    builder = WorkloadBuilder()
    for line in lines:
        builder.add(await endpoint.foresee(line))
    return Work(
        id="batch_bench",
        lines=Listed(lines),
        workload=builder.workload(),
        left=range(len(lines)),
        sink=sink,
    )


@asynccontextmanager
async def batch_slot(path: Path, *, num_engines: int = 1) -> AsyncIterator[BatchSlot]:
    """The siblings of a registry on one engine, which has ended afterwards."""
    registry = load(path)
    async with siblings_of(path) as siblings:
        await siblings.start(num_engines)
        ids = {expert.id for expert in siblings.experts}
        yield BatchSlot(
            registry=registry.model_copy(
                update={"experts": tuple(one for one in registry.experts if one.id in ids)}
            ),
            siblings=siblings,
            routers=Routers(),
        )


def questions() -> list[Question]:
    """Single questions, of all skills in turn."""
    asked = [one for one in load_questions(per_group=40) if one.kind == "plain"]
    by_skill: dict[str, list[Question]] = {}
    for one in asked:
        by_skill.setdefault(one.skill, []).append(one)
    return [one for group in zip(*by_skill.values(), strict=False) for one in group]


def mixed(experts: Sequence[str], num_lines: int, *, seed: int = 7) -> list[Line]:
    """Questions for experts drawn by popularity, each of them another one."""
    draw, asked = Random(seed), questions()
    weights = [rank**-ZIPF for rank in range(1, len(experts) + 1)]
    models = draw.choices(experts, weights, k=num_lines)
    return [
        line(place, model, f"{place}: {asked[place % len(asked)].text}")
        for place, model in enumerate(models)
    ]


def line(place: int, model: str, text: str) -> Line:
    """One chat."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": NUM_TOKENS,
        "temperature": 0,
    }
    return Line(
        number=place + 1, custom_id=f"q{place:06}", url=CHAT, body=json.dumps(body).encode()
    )

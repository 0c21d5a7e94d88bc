"""Batches in memory over the endpoint with a fake engine, for tests of what executes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import inf

import numpy as np

from orchestrator.api.app import create_app
from orchestrator.api.inside import InsideEndpoint
from orchestrator.api.readiness import Readiness
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.batch.executing import Work
from orchestrator.batch.executor import ExecutorSettings, PlannedExecutor, Plans
from orchestrator.batch.held import HeldDispatch
from orchestrator.batch.line import Line, LineResult
from orchestrator.batch.surroundings import StillSurroundings, Surroundings
from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.programs import Programs
from orchestrator.engines.embedding import FullEngine
from orchestrator.planner.plan import Plan, Run
from orchestrator.planner.slots import ExpertCost, ExpertCosts, PlannedSlot
from orchestrator.planner.workload import PlannedCall, Workload, WorkloadBuilder
from orchestrator.registry.models import Registry
from orchestrator.store.memory import MemoryRecords
from tests.composed import COMPOSED
from tests.served import PreferenceRouter

COST = ExpertCost(lineage="small", swap_s=1.0, prompt_token_s=0.001, output_token_s=0.01)
CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class Listed:
    """`Lines` of a list."""

    lines: Sequence[Line]

    def __len__(self) -> int:
        return len(self.lines)

    async def read(self, place: int) -> Line:
        return self.lines[place]


@dataclass
class Kept:
    """A `Sink` in memory."""

    results: list[LineResult] = field(default_factory=list)
    #: Called with each result before it is kept.
    at_put: Callable[[LineResult], None] = lambda _: None

    async def put(self, result: LineResult) -> None:
        self.at_put(result)
        self.results.append(result)

    @property
    def places(self) -> list[int]:
        return sorted(result.place for result in self.results)


def chat_line(place: int, model: str, text: str = "1+1?", **more: object) -> Line:
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    return Line(number=place + 1, custom_id=f"q{place}", url=CHAT, body=json.dumps(body).encode())


def chats(models: Iterable[str]) -> list[Line]:
    return [chat_line(place, model) for place, model in enumerate(models)]


#: Model -> experts that are foreseen, stage by stage.
OUTLINES: dict[str, tuple[tuple[str, ...], ...]] = {
    "refined": (("math", "math"), ("writer",)),
    "careful": (("math",),),
}


def outlined(programs: Programs, query: Query, decision: Decision) -> tuple[PlannedCall, ...]:
    stages = OUTLINES.get(query.model, ((decision.expert,),))
    return tuple(
        PlannedCall(stage=stage, expert=expert, prompt_tokens=10, output_tokens=10)
        for stage, experts in enumerate(stages)
        for expert in experts
    )


def by_expert(workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts, /) -> Plan:
    """Stage by stage each expert once, on the slots that may have it in turn."""
    keys = [(int(s), int(e)) for s, e in zip(workload.stage, workload.expert, strict=True)]
    calls = sorted(range(workload.num_calls), key=keys.__getitem__)
    runs = [
        _run(workload, slots, np.array(list(group)), number)
        for number, (_, group) in enumerate(groupby(calls, key=keys.__getitem__))
    ]
    return Plan(runs=tuple(runs), makespan_s=float(len(runs)), lower_bound_s=0.0)


def in_arrival_order(
    workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts, /
) -> Plan:
    calls = range(workload.num_calls)
    runs = [
        _run(workload, slots, np.array(list(group)), number)
        for number, (_, group) in enumerate(groupby(calls, key=lambda c: workload.expert[c]))
    ]
    return Plan(runs=tuple(runs), makespan_s=float(len(runs)), lower_bound_s=0.0)


def _run(workload: Workload, slots: Sequence[PlannedSlot], calls: np.ndarray, number: int) -> Run:
    expert = workload.experts[workload.expert[calls[0]]]
    able = [slot for slot in slots if slot.experts is None or expert in slot.experts]
    slot = able[number % len(able)]
    return Run(
        slot=slot.name, expert=expert, stage=int(workload.stage[calls[0]]), calls=calls,
        begins_s=float(number), ends_s=number + 1.0, num_tokens=20.0 * len(calls),
        step=None if expert in slot.residents else "swap",
        step_s=0.0 if expert in slot.residents else 0.5,
    )  # fmt: skip


def around(*slots: PlannedSlot, generation: int = 1) -> Surroundings:
    """Slots that may have either expert, one unless others are named."""
    both = frozenset({"math", "writer"})
    return Surroundings(
        slots=slots or (PlannedSlot(name="s", experts=both, residents=("math",)),),
        costs=dict.fromkeys(both, COST),
        generation=generation,
    )


#: Of tests: experts one after another, however much time there is.
PLANS = Plans(planned=by_expert, arrival=in_arrival_order, hasty=by_expert)


class Executing:
    """An executor over the endpoint, with everything it was given at hand."""

    def __init__(
        self,
        engine: FullEngine,
        *,
        lookout: object | None = None,
        settings: ExecutorSettings | None = None,
        registry: Registry = COMPOSED,
        plans: Plans = PLANS,
    ) -> None:
        self.held = HeldDispatch(engine)
        self.records = MemoryRecords()
        programs = Programs(
            registry,
            generation=7,
            routers={"topic": PreferenceRouter("math", "writer")},
            dispatch=self.held,
        )
        app = create_app(
            Wiring(
                live=lambda: programs,
                records=self.records,
                readiness=lambda: Readiness(is_ready=True),
                settings=ApiSettings(),
            )
        )
        self.endpoint = InsideEndpoint(app, lambda: programs, outline=outlined, timeout_s=3600.0)
        self.executor = PlannedExecutor(
            self.endpoint,
            held=self.held,
            lookout=lookout or StillSurroundings(around=around()),
            plans=plans,
            settings=settings or ExecutorSettings(),
        )

    async def work(
        self,
        lines: Sequence[Line],
        *,
        sink: Kept,
        work_id: str = "batch_1",
        left: Sequence[int] | None = None,
        deadline_s: float = inf,
    ) -> Work:
        builder = WorkloadBuilder()
        for line in lines:
            builder.add(await self.endpoint.foresee(line))
        return Work(
            id=work_id,
            lines=Listed(lines),
            workload=builder.workload(),
            left=range(len(lines)) if left is None else left,
            deadline_s=deadline_s,
            sink=sink,
        )

    async def run(self, lines: Sequence[Line], **given: object) -> Kept:
        sink = Kept()
        async with asyncio.timeout(20):
            await self.executor.execute(await self.work(lines, sink=sink, **given))
        return sink

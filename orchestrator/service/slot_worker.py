"""One slot in a process of its own: it holds the engines it is told to and passes calls to them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestrator.costs.cost_file import CostFile
from orchestrator.engines.assignment import Assignment, EngineReport
from orchestrator.engines.bandwidths import measured
from orchestrator.engines.base import Call, Item
from orchestrator.engines.cost_book import CostBook
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.hardware import hardware
from orchestrator.engines.hosting import Hosting, OpenHost
from orchestrator.engines.meters import Meters
from orchestrator.engines.read_ahead import PageCache
from orchestrator.engines.steering import Steering
from orchestrator.errors import OrchestratorError
from orchestrator.registry.widths import width
from orchestrator.residency.clock import Clock
from orchestrator.residency.wishes import Granted, Wish
from orchestrator.service.machine_memory import host_gib
from orchestrator.service.reports import State, WorkerReport
from orchestrator.tracing.exporting import tracing_of

#: What a worker sends: notices and chunks, and at the end, where it failed, why.
Sent = Item | OrchestratorError


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What a worker knows before it is told what to hold."""

    slot: str
    open_host: OpenHost
    #: Where costs are kept, on whichever machine it runs; `None` keeps none.
    costs_dir: Path | None = None


class SlotWorker:
    """Owns the slot's only queue; see `engines.slot.Slot`.

    It starts with nothing, and is told what to hold: so does one that was killed. Whatever process
    it is in, its methods are what callers in other processes ask for.
    """

    def __init__(self, plan: WorkerPlan) -> None:
        self._name = plan.slot
        loop = asyncio.get_running_loop()
        self._hosting = Hosting(
            plan.slot,
            open_host=plan.open_host,
            clock=loop,
            host_gib=host_gib(),
            book=_book(plan, loop),
            read_ahead=PageCache(),
            tracing=tracing_of(os.environ, role="worker"),
        )
        self._steering = Steering(plan.slot, self._hosting.slot, clock=loop)
        self._meters = Meters(plan.slot)

    async def generate(self, call: Call) -> AsyncGenerator[Sent, None]:
        """Stream the answer to `call`; an error of ours is the last item."""
        try:
            async for chunk in self._hosting.slot.generate(call):
                yield chunk
        except OrchestratorError as exc:
            yield exc

    async def answer(self, call: Call) -> list[Sent]:
        """The whole answer to `call` in one message."""
        return [item async for item in self.generate(call)]

    async def embed(self, call: EmbedCall) -> Vectors | OrchestratorError:
        """The vectors of `call`, or why there are none."""
        try:
            return await self._hosting.slot.embed(call)
        except OrchestratorError as exc:
            return exc

    async def hint(self, key: str) -> None:
        """Calls for the expert of this key are to be expected.

        Async although nothing is awaited: Serve runs what is not in a thread.
        """
        self._hosting.slot.hint(key)

    async def steer(self, wish: Wish) -> Granted | OrchestratorError:
        """Carry an operator's wish out, or say why not."""
        try:
            return await self._steering.carry_out(wish)
        except OrchestratorError as exc:
            return exc

    async def describe(self, assignment: Assignment | None = None) -> WorkerReport:
        """Take an assignment, if there is a new one, and say what this worker is doing.

        Async although nothing is awaited: Serve runs what is not in a thread.
        """
        if assignment is not None and assignment.stamp != self._hosting.stamp:
            self._hosting.assign(assignment)
        self._hosting.advance()
        engines = self._hosting.describe()
        state, detail = _summary(engines, is_told=self._hosting.stamp is not None)
        report = self._hosting.slot.describe()
        self._meters.see(report)
        return WorkerReport(
            slot=self._name,
            state=state,
            detail=detail,
            stamp=self._hosting.stamp,
            engines=engines,
            report=report,
            process=os.getpid(),
        )

    async def check_health(self) -> None:
        """Called by Serve; an engine that fails is this worker's to mend, not a reason to end."""
        await self._hosting.check()

    async def close(self) -> None:
        """End every engine."""
        await self._steering.close()
        await self._hosting.close()


def _book(plan: WorkerPlan, clock: Clock) -> CostBook:
    if plan.costs_dir is None:
        return CostBook(clock=clock)
    file = CostFile(plan.costs_dir, plan.slot, hardware=hardware())
    measure = partial(measured, has_accelerators=width(plan.slot).gpus > 0)
    return CostBook(file, measure=measure, clock=clock)


def _summary(engines: tuple[EngineReport, ...], *, is_told: bool) -> tuple[State, str]:
    if not is_told:
        return "starting", "waits to be told what to hold"
    wanted = [engine for engine in engines if engine.is_wanted]
    failed = [engine.detail for engine in wanted if engine.state == "failed"]
    pending = [engine.detail for engine in wanted if engine.state not in {"up", "resting"}]
    if failed:
        return "failed", "; ".join(failed)
    return ("starting", ", ".join(pending)) if pending else ("ready", "ready")

"""The deployment of one slot: it starts the slot's engines and passes calls to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from orchestrator.engines.base import Call
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.slot import Slot
from orchestrator.errors import EngineDeadError, OrchestratorError
from orchestrator.residency.loop import LoopLimits
from orchestrator.service.hosts import Hosts, OpenHost
from orchestrator.service.layout import Share
from orchestrator.service.ray_engine import RETRY_AFTER_S, Item
from orchestrator.service.replica import enter_replica
from orchestrator.service.reports import State, WorkerReport


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What one worker hosts."""

    share: Share
    max_queue: int
    open_host: OpenHost


class Worker:
    """Owns the slot's only queue; see `engines.slot.Slot`.

    Engines start in the background, so that the worker can say how far it is.
    """

    def __init__(self, plan: WorkerPlan) -> None:
        enter_replica()
        self._plan = plan
        self._hosts = Hosts(plan.share, open_host=plan.open_host)
        self._slot: Slot | None = None
        self._failure: OrchestratorError | None = None
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def generate(self, call: Call) -> AsyncGenerator[Item, None]:
        """Stream the answer to `call`; an error of ours is the last item."""
        try:
            async for chunk in self._require_slot().generate(call):
                yield chunk
        except OrchestratorError as exc:
            yield exc

    async def answer(self, call: Call) -> list[Item]:
        """The whole answer to `call` in one message."""
        return [item async for item in self.generate(call)]

    async def embed(self, call: EmbedCall) -> Vectors | OrchestratorError:
        """The vectors of `call`, or why there are none."""
        try:
            return await self._require_slot().embed(call)
        except OrchestratorError as exc:
            return exc

    def describe(self) -> WorkerReport:
        """What this worker is doing."""
        name = self._plan.share.name
        if self._failure is not None:
            return WorkerReport(slot=name, state="failed", detail=self._failure.message)
        if self._slot is None:
            return WorkerReport(slot=name, state="starting", detail=self._hosts.doing)
        report = self._slot.describe()
        state: State = "ready" if report.healthy else "failed"
        down = next((host.down for host in report.hosts if host.down), "ready")
        return WorkerReport(slot=name, state=state, detail=down, report=report)

    async def check_health(self) -> None:
        """Called by Serve; raising has the worker replaced.

        Raises:
            EngineDeadError: the engines did not start, or one is dead and did not come back.
        """
        if self._failure is not None:
            raise EngineDeadError(self._failure.message)
        if self._slot is not None:
            await self._slot.check()

    async def close(self) -> None:
        """End every engine."""
        self._opening.cancel()
        if self._slot is not None:
            await self._slot.close()
        await self._hosts.close()

    async def _open(self) -> None:
        plan = self._plan
        try:
            hosts = await self._hosts.open()
            slot = Slot(
                plan.share.name,
                clock=asyncio.get_running_loop(),
                limits=LoopLimits(max_queue=plan.max_queue),
                revive=self._hosts.revive,
            )
            for lineage in plan.share.lineages:
                slot.seat(lineage.id, hosts[lineage.id], lineage.experts)
        except OrchestratorError as exc:
            self._failure = exc
        else:
            self._slot = slot

    def _require_slot(self) -> Slot:
        if self._slot is not None:
            return self._slot
        why = self._hosts.doing if self._failure is None else self._failure.message
        raise EngineDeadError(
            f"slot {self._plan.share.name!r} is not up: {why}", retry_after_s=RETRY_AFTER_S
        )

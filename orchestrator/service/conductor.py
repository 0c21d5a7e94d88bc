"""The deployment that knows which slot hosts what, and brings edits of the registry to all.

Soft state only: what is live it reads from the store, what is hosted the workers say, what is
pinned the gateways say. Gateways ask it for the table about twice a second and keep the last one
while it does not answer; no request waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.errors import OrchestratorError
from orchestrator.registry.control import Control
from orchestrator.registry.edit import checker
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.registry_file import RegistryFile
from orchestrator.registry.rollout import Rollout
from orchestrator.service.conductor_calls import Question
from orchestrator.service.gauges import forget_dead
from orchestrator.service.replica import enter_replica
from orchestrator.service.replicas import Replicas
from orchestrator.service.reports import Census, GatewayReport, WorkerReport
from orchestrator.service.rollcall import Rollcall
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore

#: Seconds a worker may take to answer, and between two rounds.
_PATIENCE_S = 2.0
_PERIOD_S = 0.5
_FORGET_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductorPlan:
    """Where it finds what it needs."""

    #: The registry file, which is watched.
    registry: Path
    store_url: str
    #: Where the processes of the service keep their metrics.
    metrics_dir: Path


class Conductor:
    """Tells every worker what to hold, and every gateway who holds it.

    Args:
        plan: where it finds what it needs.
        workers: Serve handle of each slot's worker.
    """

    def __init__(self, plan: ConductorPlan, workers: Mapping[str, Any]) -> None:
        enter_replica()
        self._plan = plan
        self._workers = workers
        self._rollcall = Rollcall(clock=time.monotonic)
        for slot in workers:
            self._rollcall.hear_worker(
                WorkerReport(slot=slot, state="silent", detail="its process is starting")
            )
        self._unasked = set(workers)
        self._asked_all = asyncio.Event()
        if not workers:
            self._asked_all.set()
        self._told = {slot: asyncio.Event() for slot in workers}
        generations = StoredGenerations(RedisStore(RedisLink(plan.store_url)))
        self._replicas = Replicas(self._rollcall, generations, tell=self._tell)
        rollout = Rollout(
            generations, self._replicas, check=checker(engine_args=installed_arguments())
        )
        self._file = RegistryFile(plan.registry, rollout)
        self._control = Control(rollout, generations, self._file)
        asking = [self._keep_asking(slot) for slot in workers]
        self._tasks = [
            asyncio.get_running_loop().create_task(work)
            for work in (*asking, self._keep_forgetting(), self._file.follow())
        ]

    async def census(self, report: GatewayReport | None = None) -> Census:
        """Hear how a gateway is; every slot as it was at its last answer.

        One that has just begun has asked nobody: it answers after its first round, and gateways
        go by what they hold meanwhile.
        """
        await self._asked_all.wait()
        if report is not None:
            self._rollcall.hear_gateway(report)
            self._replicas.heard()
        return self._rollcall.census()

    async def answer(self, question: Question, *arguments: Any) -> Any:
        """Ask the registry's owner; an error of ours is the answer."""
        try:
            return await getattr(self._control, question)(*arguments)
        except OrchestratorError as exc:
            return exc

    def check_health(self) -> None:
        """Called by Serve; raising has the Conductor replaced."""
        for task in self._tasks:
            if task.done():
                task.result()

    def _tell(self) -> None:
        """Ask every worker at once, since there is something to tell it."""
        for told in self._told.values():
            told.set()

    async def _keep_asking(self, slot: str) -> None:
        hint = self._told[slot]
        while True:
            hint.clear()
            self._rollcall.hear_worker(await self._ask(slot))
            self._replicas.heard()
            self._note_asked(slot)
            if self._rollcall.is_told(slot):
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PERIOD_S):
                        await hint.wait()
            else:
                await asyncio.sleep(_PERIOD_S / 10)

    def _note_asked(self, slot: str) -> None:
        self._unasked.discard(slot)
        if not self._unasked:
            self._asked_all.set()

    async def _keep_forgetting(self) -> None:
        while True:
            await asyncio.sleep(_FORGET_PERIOD_S)
            forget_dead(self._plan.metrics_dir)

    async def _ask(self, slot: str) -> WorkerReport:
        news = None if self._rollcall.is_told(slot) else self._rollcall.assignment(slot)
        response = self._workers[slot].describe.remote(news)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await response  # type: ignore[no-any-return]
        except TimeoutError:
            response.cancel()
            detail = f"its worker gave no answer in {_PATIENCE_S:g} s"
        except (RayError, RayServeException) as exc:
            detail = f"its worker is gone ({type(exc).__name__}); a new one is being started"
        return WorkerReport(slot=slot, state="silent", detail=detail)

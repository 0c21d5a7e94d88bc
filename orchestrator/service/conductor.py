"""The deployment that knows which slot hosts what, and brings edits of the registry to all.

Soft state only: what is live it reads from the store, which workers run Serve says, what is hosted
they say, what is pinned the gateways say. Gateways ask it for the table about twice a second and
keep the last one while it does not answer; no request waits for it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ray.util import get_node_ip_address

from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.errors import OrchestratorError
from orchestrator.registry.control import Control
from orchestrator.registry.edit import checker
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.registry_file import RegistryFile
from orchestrator.registry.rollout import Rollout
from orchestrator.residency.solver import solved
from orchestrator.service.arranging import Arranging
from orchestrator.service.conductor_calls import (
    PlacementQuestion,
    Question,
    RestartQuestion,
    SlotQuestion,
)
from orchestrator.service.gauges import forget_dead
from orchestrator.service.node_exporter import begin_export
from orchestrator.service.oversight import Oversight
from orchestrator.service.replica import enter_replica
from orchestrator.service.replicas import Replicas
from orchestrator.service.reports import Census, GatewayReport, WorkerReport
from orchestrator.service.restarting import Restarting
from orchestrator.service.rollcall import Rollcall
from orchestrator.service.scrape_targets import write_nodes
from orchestrator.service.sites import Site
from orchestrator.service.workforce import RunWorkers, Workforce
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore

_FORGET_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductorPlan:
    """Where it finds what it needs."""

    #: The registry file, which is watched.
    registry: Path
    store_url: str = field(repr=False)
    #: Where the processes of the service keep their metrics.
    metrics_dir: Path
    #: Starts and ends workers.
    run_workers: RunWorkers
    #: Where slots run.
    site: Site


class Conductor:
    """Tells every worker what to hold, and every gateway who holds it.

    Args:
        plan: where it finds what it needs.
        workers: Serve starts those of the start with this; edits change which there are, so the
            Conductor asks Serve for them.
    """

    def __init__(self, plan: ConductorPlan, workers: Sequence[Any]) -> None:
        del workers
        self._life = enter_replica("conductor")
        self._plan = plan
        self._exporter = begin_export(get_node_ip_address(), os.environ)
        self._rollcall = Rollcall(clock=time.monotonic)
        self._workforce = Workforce(self._rollcall, run=plan.run_workers, heard=self._heard)
        self._restarting = Restarting(self._rollcall, self._workforce, clock=time.monotonic)
        self._oversight = Oversight(
            self._workforce, table=self._rollcall.table, clock=time.monotonic
        )
        generations = StoredGenerations(RedisStore(RedisLink(plan.store_url)))
        self._replicas = Replicas(
            self._rollcall,
            generations,
            tell=self._workforce.tell,
            room=plan.site,
        )
        self._arranging = Arranging(
            self._rollcall, tell=self._workforce.tell, clock=time.monotonic, solver=solved
        )
        rollout = Rollout(
            generations, self._replicas, check=checker(engine_args=installed_arguments())
        )
        self._file = RegistryFile(plan.registry, rollout)
        self._control = Control(rollout, generations, self._file)
        self._tasks = [
            asyncio.get_running_loop().create_task(work)
            for work in (
                self._workforce.keep(),
                self._keep_forgetting(),
                self._keep_following(),
                self._arranging.keep(),
            )
        ]

    async def census(self, report: GatewayReport | None = None) -> Census:
        """Hear how a gateway is; every slot as it was at its last answer.

        One that has just begun has asked nobody: it answers after its first round, and gateways
        go by what they hold meanwhile.
        """
        await self._workforce.asked_all.wait()
        if report is not None:
            self._rollcall.hear_gateway(report)
            self._replicas.heard()
        return self._rollcall.census()

    async def stop(self, within_s: float) -> None:
        """Tell gateways that the service stops, and when calls under way are to end.

        Async although nothing is awaited: Serve runs what is not in a thread.
        """
        self._life.drain(f"the service stops: calls under way end within {within_s:g} s")
        self._rollcall.stop(within_s=within_s)

    async def answer(self, question: Question, *arguments: Any) -> Any:
        """Ask the registry's owner; an error of ours is the answer."""
        return await self._answer(self._control, question, *arguments)

    async def oversee(self, question: SlotQuestion, *arguments: Any) -> Any:
        """Ask who sees all slots; an error of ours is the answer."""
        return await self._answer(self._oversight, question, *arguments)

    async def arrange(self, question: PlacementQuestion, *arguments: Any) -> Any:
        """Ask who places; an error of ours is the answer."""
        return await self._answer(self._arranging, question, *arguments)

    async def renew(self, question: RestartQuestion, *arguments: Any) -> Any:
        """Ask who replaces processes; an error of ours is the answer."""
        return await self._answer(self._restarting, question, *arguments)

    def check_health(self) -> None:
        """Called by Serve; raising has the Conductor replaced."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def __del__(self) -> None:
        """Called by Serve."""
        self._life.end("Serve ended it")

    async def _answer(
        self, owner: Control | Oversight | Arranging | Restarting, question: str, *arguments: Any
    ) -> Any:
        await self._workforce.asked_all.wait()
        try:
            return await getattr(owner, question)(*arguments)
        except OrchestratorError as exc:
            return exc

    def _heard(self, report: WorkerReport) -> None:
        self._oversight.hear(report)
        self._replicas.heard()

    async def _keep_following(self) -> None:
        """Follow the file, once it is known where engines are: they are to stay there."""
        await self._workforce.asked_all.wait()
        self._life.see(is_up=True)
        await self._file.follow()

    async def _keep_forgetting(self) -> None:
        while True:
            await asyncio.sleep(_FORGET_PERIOD_S)
            forget_dead(self._plan.metrics_dir)
            self._tell_scrapers()

    def _tell_scrapers(self) -> None:
        """Who scrapes a cluster finds its nodes in a file of the head's."""
        if self._exporter is not None:
            heard = [one.exporter for one in self._rollcall.census().workers if one.exporter]
            write_nodes(self._plan.metrics_dir.parent, [self._exporter.address, *heard])

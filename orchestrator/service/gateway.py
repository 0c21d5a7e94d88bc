"""The deployment behind the endpoint: it parses, routes, composes and dispatches in one process."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from orchestrator.api.app import create_app
from orchestrator.api.readiness import Readiness
from orchestrator.api.settings import ApiSettings
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Engine
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.remote import remote_engine
from orchestrator.errors import ExpertUnavailableError
from orchestrator.registry.models import Registry, VllmEngine
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.ray_engine import RETRY_AFTER_S, RayEngine
from orchestrator.service.replica import enter_replica
from orchestrator.service.reports import Census
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_records import RedisRecords
from routers.artifacts import load_router
from routers.base import Router

_LOG = logging.getLogger(__name__)

#: Seconds between two questions to the Conductor, and that it may take to answer.
_PERIOD_S = 0.5
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPlan:
    """What every gateway serves."""

    registry: Registry
    generation: int
    api: ApiSettings
    store_url: str


class Gateway:
    """One replica of the endpoint.

    Args:
        plan: what to serve.
        conductor: Serve handle.
        workers: Serve handle of each slot's worker.
    """

    def __init__(self, plan: GatewayPlan, conductor: Any, workers: Mapping[str, Any]) -> None:
        enter_replica()
        self._plan = plan
        self._conductor = conductor
        self._slots = {name: RayEngine(handle, slot=name) for name, handle in workers.items()}
        self._census: Census | None = None
        self._dispatch = Dispatch(
            DispatchTable(slots_by_expert={}),
            slots=self._slots,
            remotes=_remotes(plan.registry),
            refresh=self._refresh,
        )
        self._programs = Programs(
            plan.registry,
            generation=plan.generation,
            routers=_routers(plan.registry),
            dispatch=self._dispatch,
        )
        self._records = RedisRecords(RedisLink(plan.store_url))
        self._records.start()
        self._following = asyncio.get_running_loop().create_task(self._follow())

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Called by Serve in the replica, after the constructor."""
        return create_app(
            live=lambda: self._programs,
            records=self._records,
            readiness=self._readiness,
            settings=self._plan.api,
        )

    def check_health(self) -> None:
        """Called by Serve; raising has the gateway replaced."""
        if self._following.done():
            self._following.result()

    def _readiness(self) -> Readiness:
        if self._census is None:
            return Readiness(is_ready=False, reasons=("no dispatch table yet",))
        return Readiness(is_ready=self._census.is_complete, reasons=self._census.reasons)

    async def _follow(self) -> None:
        """Keep the table fresh; while the Conductor is away the last one serves."""
        while True:
            try:
                await self._refresh()
            except ExpertUnavailableError as exc:
                _LOG.warning("the last dispatch table stays: %s", exc)
            await asyncio.sleep(_PERIOD_S)

    async def _refresh(self) -> DispatchTable:
        """Ask the Conductor.

        Raises:
            ExpertUnavailableError: it does not answer.
        """
        response = self._conductor.census.remote()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                census: Census = await response
        except (TimeoutError, RayError, RayServeException) as exc:
            response.cancel()
            raise ExpertUnavailableError(
                f"the Conductor does not answer ({type(exc).__name__})",
                retry_after_s=RETRY_AFTER_S,
            ) from exc
        self._adopt(census)
        return census.table

    def _adopt(self, census: Census) -> None:
        self._census = census
        self._dispatch.adopt(census.table)
        for name, slot in self._slots.items():
            if census.is_up(name):
                slot.mark_up()
            else:
                slot.mark_down()


def _remotes(registry: Registry) -> dict[str, Engine]:
    """An engine for every expert that no slot hosts."""
    return {
        expert.key: remote_engine(expert, os.environ)
        for expert in registry.experts
        if not isinstance(expert.engine, VllmEngine)
    }


def _routers(registry: Registry) -> dict[str, Router]:
    return {
        name: load_router(spec.artifact, embedder=spec.embedder, fallback=spec.fallback)
        for name, spec in registry.routers.items()
    }

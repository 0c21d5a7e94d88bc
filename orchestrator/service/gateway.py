"""The deployment behind the endpoint: it parses, routes, composes and dispatches in one process."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from orchestrator.access.audit_file import AuditFile
from orchestrator.api.app import create_app
from orchestrator.api.readiness import Readiness
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.batch.storage_opening import open_storage
from orchestrator.caching.opening import open_cache
from orchestrator.caching.settings import CacheSettings
from orchestrator.service.allocations import return_large_blocks
from orchestrator.service.batch_calls import BatchCalls
from orchestrator.service.entry import OPEN, Entry
from orchestrator.service.following_conductor import FollowingConductor
from orchestrator.service.following_keys import FollowingKeys
from orchestrator.service.replica import enter_replica
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_answers import RedisAnswers
from orchestrator.tracing.exporting import tracing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPlan:
    """What every gateway is told; what it serves, it reads from the store."""

    api: ApiSettings
    store_url: str = field(repr=False)
    #: Where contents of files lie.
    storage_url: str = field(repr=False)
    #: Who may enter.
    entry: Entry = OPEN
    #: Where actions of operators are noted; `None` where they are not.
    audit_log: Path | None = None
    #: Which answers are told again.
    cache: CacheSettings = field(default_factory=CacheSettings)


class Gateway:
    """One replica of the endpoint.

    Args:
        plan: where to read what to serve.
        conductor: Serve handle.
        runner: Serve handle of who keeps batches.
    """

    def __init__(self, plan: GatewayPlan, conductor: Any, runner: Any) -> None:
        self._life = enter_replica("gateway")
        return_large_blocks()
        self._plan = plan
        self._following = FollowingConductor(plan.store_url, conductor, life=self._life)
        self._keys = FollowingKeys(plan.entry, plan.store_url)
        self._batches = BatchCalls(runner)
        self._storage = open_storage(plan.storage_url)
        kept = RedisAnswers(RedisLink(plan.store_url), max_bytes=plan.cache.max_bytes)
        self._answers = open_cache(plan.cache, kept)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Called by Serve in the replica, after the constructor."""
        following, audit_log = self._following, self._plan.audit_log
        return create_app(
            Wiring(
                live=following.live,
                records=following.records,
                readiness=self._readiness,
                settings=self._plan.api,
                registry=following.conductor,
                residency=following.conductor,
                gateway=following.id,
                circuits=following.circuits,
                placement=following.conductor,
                restarts=following.conductor,
                judgements=following.judgements,
                repeats=following.repeats,
                answers=self._answers,
                batches=self._batches,
                storage=self._storage,
                tracing=tracing_of(os.environ, role="gateway"),
                keyring=self._keys.keyring,
                meters=following.meters,
                usage=following.usage,
                keys=self._keys.records,
                audit=None if audit_log is None else AuditFile(audit_log),
            )
        )

    def _readiness(self) -> Readiness:
        """Whether every expert of a slot is hosted, and callers are known."""
        state, lacking = self._following.readiness(), self._keys.lacking
        if lacking is None:
            return state
        return Readiness(is_ready=False, reasons=(*state.reasons, lacking))

    async def __del__(self) -> None:
        """Called by Serve, once the last request has its answer."""
        await self._following.close()
        await self._keys.close()
        self._life.end("every request that it had has its answer")

    async def check_health(self) -> None:
        """Called by Serve; raising has the gateway replaced.

        Before the first one ends no caller is sent here: not before there is something to serve.
        """
        await self._following.begun.wait()
        self._following.check()
        self._keys.check()
        state = self._readiness()
        self._life.see(is_up=state.is_ready, why="; ".join(state.reasons))

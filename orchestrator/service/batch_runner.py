"""The deployment that keeps batches and has their lines answered; killed, it goes on from files.

It answers lines in its own process, by the same application as gateways, and reaches slots as they
do. All it must not lose lies in the storage.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orchestrator.api.app import create_app
from orchestrator.api.inside import InsideEndpoint
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.batch.batch_spans import BatchSpans
from orchestrator.batch.executor import ExecutorSettings, PlannedExecutor, Plans
from orchestrator.batch.files import Files
from orchestrator.batch.held import HeldDispatch
from orchestrator.batch.office import BatchOffice
from orchestrator.batch.pace_file import PaceFile
from orchestrator.batch.paces import Paces
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage_opening import open_storage
from orchestrator.compositions.outline import outlined
from orchestrator.engines.dispatch import Dispatch
from orchestrator.errors import OrchestratorError
from orchestrator.planner.arrival import arrival_order
from orchestrator.planner.planner import planned
from orchestrator.service.allocations import return_large_blocks
from orchestrator.service.batch_calls import BatchQuestion
from orchestrator.service.batch_lookout import BatchLookout
from orchestrator.service.entry import OPEN, Entry
from orchestrator.service.following_conductor import FollowingConductor
from orchestrator.service.following_keys import FollowingKeys
from orchestrator.service.replica import enter_replica
from orchestrator.tracing.exporting import tracing_of

#: Longest time of one line: its calls wait for their runs, so only the batch's window bounds it.
_LINE_S = 30 * 86_400.0
#: For lines under way to be let go of at the end, seconds: what remains is for their charges.
_LET_GO_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRunnerPlan:
    """What the runner is told."""

    api: ApiSettings
    store_url: str = field(repr=False)
    #: Where everything of batches lies.
    storage_url: str = field(repr=False)
    settings: BatchSettings
    executor: ExecutorSettings
    #: Who may have made batches.
    entry: Entry = OPEN


class BatchRunner:
    """Keeps all batches of a service; there is one.

    Args:
        plan: where things are.
        conductor: Serve handle.
    """

    def __init__(self, plan: BatchRunnerPlan, conductor: Any) -> None:
        self._life = enter_replica("batches")
        return_large_blocks()
        self._plan = plan
        self._following = FollowingConductor(
            plan.store_url, conductor, life=self._life, before=self._holding
        )
        self._keys = FollowingKeys(plan.entry, plan.store_url)
        self._storage = open_storage(plan.storage_url)
        self._tracing = tracing_of(os.environ, role="batches")
        self._spans = BatchSpans(self._tracing)
        self._keeping: asyncio.Task[None] | None = None
        self._started = asyncio.get_running_loop().create_task(self._start())

    async def ask(self, question: BatchQuestion, *arguments: Any, **named: Any) -> Any:
        """Ask who keeps batches and files; an error of ours is the answer."""
        office = await asyncio.shield(self._started)
        try:
            return await getattr(office, question)(*arguments, **named)
        except OrchestratorError as exc:
            return exc

    async def check_health(self) -> None:
        """Called by Serve; raising has the runner replaced."""
        for task in (self._started, self._keeping):
            if task is not None and task.done():
                task.result()
        self._following.check()
        self._keys.check()
        if self._started.done():
            state = self._following.readiness()
            self._life.see(is_up=state.is_ready, why="; ".join(state.reasons))

    async def __del__(self) -> None:
        """Called by Serve at the end: lines under way are let go of first, and then charged for."""
        if self._keeping is not None:
            self._keeping.cancel()
        self._started.cancel()
        with suppress(asyncio.CancelledError, TimeoutError, OrchestratorError):
            office = await self._started
            await asyncio.wait_for(office.close(), _LET_GO_S)
        await self._following.close()
        await self._keys.close()
        self._life.end("lines under way were let go of; what is stored stays")

    def _holding(self, dispatch: Dispatch) -> HeldDispatch:
        self._held = HeldDispatch(dispatch)
        return self._held

    async def _start(self) -> BatchOffice:
        """Go on with what is stored, once there is something to answer with."""
        await self._following.begun.wait()
        file = PaceFile(self._storage)
        paces = await file.load()
        self._keeping = asyncio.create_task(file.keep(paces))
        endpoint = self._endpoint(paces)
        office = BatchOffice(
            storage=self._storage,
            files=Files(self._storage, clock=time.time),
            endpoint=endpoint,
            executor=self._executor(endpoint, paces),
            clock=time.time,
            settings=self._plan.settings,
            spans=self._spans,
        )
        await office.start()
        return office

    def _endpoint(self, paces: Paces) -> InsideEndpoint:
        following = self._following
        app = create_app(
            Wiring(
                live=following.live,
                records=following.records,
                readiness=following.readiness,
                settings=self._plan.api,
                tracing=self._tracing,
                batch_spans=self._spans,
                keyring=self._keys.keyring,
                meters=following.meters,
            )
        )
        return InsideEndpoint(
            app,
            following.live,
            outline=partial(outlined, lengths=paces.mean_output_tokens),
            timeout_s=_LINE_S,
            keyring=self._keys.keyring,
            meters=following.meters,
        )

    def _executor(self, endpoint: InsideEndpoint, paces: Paces) -> PlannedExecutor:
        return PlannedExecutor(
            endpoint,
            held=self._held,
            lookout=BatchLookout(self._following, paces),
            plans=Plans(
                planned=planned, arrival=arrival_order, hasty=partial(planned, num_tries=0)
            ),
            settings=self._plan.executor,
            paces=paces,
        )

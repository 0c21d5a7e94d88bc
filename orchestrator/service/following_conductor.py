"""What every process has that answers requests: what is live, where experts are, and its books.

Gateways have it, and so has the batch runner: it answers lines as a gateway does requests, and the
Conductor knows it as one more of them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

from orchestrator import metrics
from orchestrator.access.books import Books
from orchestrator.access.metered import Metered
from orchestrator.api.readiness import Readiness
from orchestrator.compositions.following import Following
from orchestrator.compositions.loading import Loader
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Engine
from orchestrator.engines.circuits import Circuit
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.embedding import FullEngine
from orchestrator.engines.remote import is_remote
from orchestrator.errors import ExpertUnavailableError, StoreError
from orchestrator.events.telling import tell
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.residency.placement import DispatchTable
from orchestrator.routing.hearing import Hearing
from orchestrator.service.conductor_calls import ConductorCalls
from orchestrator.service.connections import Connections
from orchestrator.service.process_life import ProcessLife
from orchestrator.service.reports import Census, GatewayReport, Sights
from orchestrator.service.serving import worker_handle
from orchestrator.service.standing import Broken, Standing
from orchestrator.store.ending import ended
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore
from orchestrator.store.redis_judgements import RedisJudgements
from orchestrator.store.redis_meters import RedisMeters
from orchestrator.store.redis_records import RedisRecords
from orchestrator.store.redis_repeats import RedisRepeats
from orchestrator.store.redis_usage import RedisUsage

_LOG = logging.getLogger(__name__)

#: Between two looks at the pointer and two questions to the Conductor, where no hint comes first.
_PERIOD_S = 0.5
#: Between two tellings of load and homes.
_SIGHTS_PERIOD_S = 5.0
#: Between two looks at what callers say.
_HEARING_PERIOD_S = 1.0
#: Of its time, at most one part in so many is spent on them, however many there are.
_HEARING_REST = 20
#: Between two tries to hear of changes.
_LISTEN_AGAIN_S = 1.0


class FollowingConductor:
    """Follows the live generation and the dispatch table; must be made inside an event loop.

    Args:
        store_url: Redis, which has the generations, the records and what callers say.
        conductor: Serve handle.
        life: of this process; it drains once the Conductor says that the service stops.
        before: what compositions reach experts through, given dispatch; dispatch itself by
            default. Who gives it keeps batches.
    """

    def __init__(
        self,
        store_url: str,
        conductor: Any,
        *,
        life: ProcessLife,
        before: Callable[[Dispatch], FullEngine] | None = None,
    ) -> None:
        #: By which the Conductor, and operators, know this process.
        self.id = f"{os.getpid()}-{uuid4().hex[:6]}"
        self.conductor = ConductorCalls(conductor)
        self._life = life
        self._slots = Connections(worker_handle)
        self._standing = Standing(clock=time.monotonic, changed=self._tell_store)
        self._ending: asyncio.TimerHandle | None = None
        self._told_s = 0.0
        self._hints = (asyncio.Event(), asyncio.Event())
        remotes: dict[str, Engine] = {}
        self._dispatch = Dispatch(
            DispatchTable(slots_by_expert={}),
            slots=self._slots.engines,
            remotes=remotes,
            refresh=self._refresh,
        )
        self._generations = StoredGenerations(RedisStore(RedisLink(store_url)))
        self._is_runner = before is not None
        self._store_up = metrics.STORE_UP.labels(part="runner" if before else "gateway")
        self._store_up.set(1)
        loader = Loader(before(self._dispatch) if before else self._dispatch, remotes=remotes)
        self._following = Following(
            self._generations,
            loader,
            clock=time.monotonic,
            ready=self._hint,
        )
        self.records = RedisRecords(RedisLink(store_url))
        self.records.start()
        self.judgements = RedisJudgements(RedisLink(store_url))
        self.repeats = RedisRepeats(RedisLink(store_url))
        counting = RedisLink(store_url)
        self.usage = RedisUsage(counting)
        self.meters = Metered(RedisMeters(counting), books=Books(self.usage, clock=time.time))
        self._hearing = Hearing(self.judgements, loader.hear, clock=time.time)
        looking, asking = self._hints
        self._tasks = [
            asyncio.get_running_loop().create_task(work)
            for work in (
                self._keep_looking(looking),
                self._keep_asking(asking),
                self._listen(),
                self._keep_hearing(),
            )
        ]

    @property
    def begun(self) -> asyncio.Event:
        """Set once there is something to serve, or it is known why not."""
        return self._following.begun

    def live(self) -> Programs:
        """What new requests are pinned to.

        Raises:
            ExpertUnavailableError: no generation could be loaded yet.
        """
        return self._following.live

    def circuits(self) -> tuple[Circuit, ...]:
        """Circuits of engines that are not closed here."""
        return self._dispatch.circuits

    def check(self) -> None:
        """Raises what ended one of its tasks."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def close(self) -> None:
        """Write what is left once nothing is answered any more: charges, usage and records."""
        await ended(self._tasks)
        await asyncio.gather(self.meters.close(), self.records.close())

    def readiness(self) -> Readiness:
        """Whether every expert of a slot is hosted, and which parts are away."""
        try:
            live = self._following.live
        except ExpertUnavailableError as exc:
            return self._standing.readiness(exc.message, ())
        experts = live.registry.experts
        hosted = tuple(one.key for one in experts if not is_remote(one))
        upstreams = tuple(one.key for one in experts if is_remote(one))
        circuits = Broken(circuits=self._dispatch.circuits, upstreams=upstreams)
        return self._standing.readiness(None, hosted, broken=circuits)

    def _hint(self) -> None:
        """Look and ask at once."""
        for hint in self._hints:
            hint.set()

    async def _listen(self) -> None:
        """Hear of generations that are proposed or become live, as it happens."""
        while True:
            try:
                async for _ in self._generations.changes():
                    self._hint()
            except StoreError as exc:
                _LOG.warning("changes are seen by asking only: %s", exc.message)
            self._hint()  # some may have been missed
            await asyncio.sleep(_LISTEN_AGAIN_S)

    async def _keep_looking(self, hint: asyncio.Event) -> None:
        """Serve what the store's pointer says; while the store is away, what was live."""
        while True:
            hint.clear()
            before = self._following.live_number
            await self._following.look()
            self._standing.see_store(self._following.away)
            number = self._following.live_number
            if number is not None:
                metrics.GENERATION.set(number)
            if number != before:
                self._hints[1].set()  # the Conductor waits for whoever has not switched
            await _wait(hint)

    async def _keep_asking(self, hint: asyncio.Event) -> None:
        """Keep the table fresh; while the Conductor is away the last one serves."""
        while True:
            hint.clear()
            try:
                await self._refresh()
            except ExpertUnavailableError as exc:
                _LOG.warning("the last dispatch table stays: %s", exc)
            await _wait(hint)

    async def _keep_hearing(self) -> None:
        """Route by what callers say; while the store is away, by what they had said."""
        while True:
            began_s = time.monotonic()
            try:
                await self._hearing.look()
            except StoreError as exc:
                _LOG.debug("routers go by what was heard before: %s", exc.message)
            took_s = time.monotonic() - began_s
            await asyncio.sleep(max(_HEARING_PERIOD_S, took_s * _HEARING_REST))

    async def _refresh(self) -> DispatchTable:
        """Ask the Conductor.

        Raises:
            ExpertUnavailableError: it does not answer.
        """
        census = await self.conductor.census(self._report())
        self._standing.hear(census)
        self._end_by(census)
        await self._slots.follow(census)
        self._dispatch.adopt(census.table)
        if census.proposed is None and self._following.prepared is not None:
            await self._following.look()  # it may be live by now: then it is not to be dropped
        self._following.prepare(census.proposed)
        return census.table

    def _end_by(self, census: Census) -> None:
        """End calls under way when the service stops; lines of batches are asked again later."""
        if census.ends_in_s is not None:
            self._life.drain("the service stops: no new requests")
        if census.ends_in_s is not None and self._ending is None and not self._is_runner:
            loop = asyncio.get_running_loop()
            self._ending = loop.call_later(census.ends_in_s, self._dispatch.give_up)

    def _tell_store(self, is_up: bool) -> None:
        self._store_up.set(is_up)
        if is_up:
            tell(_LOG, "store", state="up")
        else:
            tell(_LOG, "store", logging.WARNING, state="away", reason=self._following.away)

    def _report(self) -> GatewayReport:
        following = self._following
        failed, failure = following.failure or (None, "")
        return GatewayReport(
            id=self.id,
            live=following.live_number,
            prepared=following.prepared,
            failed=failed,
            failure=failure,
            oldest=following.oldest,
            is_runner=self._is_runner,
            sights=self._sights(),
        )

    def _sights(self) -> Sights | None:
        """What is seen of callers, every few seconds; it is as long as the registry."""
        now_s = time.monotonic()
        if now_s - self._told_s < _SIGHTS_PERIOD_S:
            return None
        self._told_s = now_s
        table = self._dispatch.table
        return Sights(load=self._dispatch.load, homes=table.homes_by_expert)


async def _wait(hint: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_PERIOD_S):
            await hint.wait()

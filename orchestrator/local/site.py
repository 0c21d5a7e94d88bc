"""What a service is made of, in one process: the endpoint over slots, without a server."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.api.app import create_app
from orchestrator.api.readiness import Readiness
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.batch.held import HeldDispatch
from orchestrator.compositions.loading import Loader
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Engine
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.hosting import OpenHost
from orchestrator.engines.remote import is_remote
from orchestrator.errors import SetupError
from orchestrator.local.asgi import Application
from orchestrator.local.batches import Inside, KeptBatches, keeping
from orchestrator.local.devices import VISIBLE
from orchestrator.local.preparing import Prepared
from orchestrator.local.slot_process import Program, SlotProcess
from orchestrator.local.slots import Slots
from orchestrator.registry.widths import width
from orchestrator.residency.placement import DispatchTable
from orchestrator.routing.hearing import Hearing
from orchestrator.service.slot_worker import WorkerPlan
from orchestrator.store.memory import MemoryRecords
from orchestrator.store.memory_judgements import MemoryJudgements
from orchestrator.store.memory_repeats import MemoryRepeats

#: Between two looks at what callers say of answers.
_HEARING_PERIOD_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """Where and how it runs."""

    #: Logs, and what steps and calls take.
    folder: Path
    open_host: OpenHost
    #: Told of each step until everything is hosted.
    say: Callable[[str], None]


class Site:
    """The parts, in one event loop."""

    def __init__(self, prepared: Prepared, settings: SiteSettings) -> None:
        self._prepared = prepared
        self._settings = settings
        remotes: dict[str, Engine] = {}
        processes = {slot: self._process(slot) for slot in prepared.devices}
        #: Reaches every expert.
        self.dispatch = Dispatch(
            DispatchTable(slots_by_expert={}),
            slots=processes,
            remotes=remotes,
            refresh=self._refreshed,
        )
        self.slots = Slots(processes, prepared.plan, adopt=self.dispatch.adopt)
        self._held = HeldDispatch(self.dispatch)
        self._loader = Loader(self._held, remotes=remotes)
        self._records = MemoryRecords()
        self._programs: Programs | None = None

    @property
    def programs(self) -> Programs:
        """What requests are answered by."""
        assert self._programs is not None, "it is open"
        return self._programs

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Application]:
        """The endpoint; when the block begins every expert takes calls.

        Raises:
            RegistryError: a router or an upstream cannot be used.
            SetupError: an engine does not start.
        """
        judgements = MemoryJudgements()
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self._loader.free, ())
            self._programs = await self._loader.load(self._prepared.record)
            undo.push_async_callback(self.slots.close)
            await self.slots.begin()
            await self._hosted()
            hearing = asyncio.create_task(
                self._keep_hearing(Hearing(judgements, self._loader.hear, clock=time.time))
            )
            undo.callback(hearing.cancel)
            application = self._application(judgements)
            inside = Inside(
                application=application,
                held=self._held,
                live=lambda: self.programs,
                oversight=self.slots.oversight,
            )
            kept = await undo.enter_async_context(
                keeping(inside, self._settings.folder / "batches")
            )
            yield self._application(judgements, kept)

    def _application(
        self, judgements: MemoryJudgements, kept: KeptBatches | None = None
    ) -> Application:
        return create_app(
            Wiring(
                live=lambda: self.programs,
                records=self._records,
                readiness=self._readiness,
                settings=ApiSettings(docs=False, console=False, metrics_dir=None),
                residency=self.slots.oversight,
                gateway=str(os.getpid()),
                circuits=lambda: self.dispatch.circuits,
                judgements=judgements,
                repeats=MemoryRepeats(),
                batches=None if kept is None else kept.office,
                storage=None if kept is None else kept.storage,
            )
        )

    def _process(self, slot: str) -> SlotProcess:
        folder = self._settings.folder
        logs = folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        plan = WorkerPlan(slot=slot, open_host=self._settings.open_host, costs_dir=folder / "costs")
        environment = {
            "OMP_NUM_THREADS": str(width(slot).cpus),
            VISIBLE: ",".join(self._prepared.devices[slot]),
        }
        return SlotProcess(Program(plan=plan, environment=environment, log=logs / f"{slot}.log"))

    async def _hosted(self) -> None:
        """Tell what slots do until they host every expert.

        Raises:
            SetupError: an engine does not start; says why.
        """
        told: dict[str, str] = {}
        while not self._readiness().is_ready:
            for worker in self.slots.census.workers:
                if worker.state == "failed":
                    raise SetupError(f"slot {worker.slot!r}: {worker.detail}")
                if told.get(worker.slot) != worker.detail:
                    told[worker.slot] = worker.detail
                    self._settings.say(f"slot {worker.slot}: {worker.detail}")
            await self.slots.heard()

    def _readiness(self) -> Readiness:
        hosted = [one.key for one in self._prepared.registry.experts if not is_remote(one)]
        reasons = self.slots.census.lacking(hosted)
        return Readiness(is_ready=not reasons, reasons=reasons)

    async def _refreshed(self) -> DispatchTable:
        return self.slots.census.table

    async def _keep_hearing(self, hearing: Hearing) -> None:
        while True:
            await hearing.look()
            await asyncio.sleep(_HEARING_PERIOD_S)

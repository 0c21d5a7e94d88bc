"""The slots of this machine, each in its process: told what to hold, asked how they are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from orchestrator.errors import EngineDeadError
from orchestrator.local.slot_process import SlotProcess
from orchestrator.residency.placement import DispatchTable
from orchestrator.residency.wishes import Granted, Wish
from orchestrator.service.oversight import Oversight
from orchestrator.service.plan import Plan
from orchestrator.service.reports import Census, WorkerReport
from orchestrator.service.rollcall import Rollcall

_LOG = logging.getLogger(__name__)

#: Between two questions to a slot.
_PERIOD_S = 0.5
#: While it has not said yet that it holds what it was told.
_SOON_S = 0.05
#: A slot that does not answer within this is told to be silent.
_PATIENCE_S = 5.0


class Slots:
    """What the Conductor is to a service's workers; see `service.conductor.Conductor`.

    Implements `Workers` of `service.oversight`.

    Args:
        processes: by the slot's name.
        plan: what they are to hold.
        adopt: takes a new dispatch table.
    """

    def __init__(
        self,
        processes: Mapping[str, SlotProcess],
        plan: Plan,
        *,
        adopt: Callable[[DispatchTable], None],
    ) -> None:
        self._processes = processes
        self._adopt = adopt
        self._rollcall = Rollcall(clock=time.monotonic)
        self._rollcall.settle(plan)
        #: Answers what `GET /admin/residency` asks, and has wishes carried out.
        self.oversight = Oversight(self, table=self._rollcall.table, clock=time.monotonic)
        self._news = asyncio.Event()
        self._keeping: list[asyncio.Task[None]] = []

    @property
    def slots(self) -> frozenset[str]:
        """See `Workers.slots`."""
        return frozenset(self._processes)

    @property
    def census(self) -> Census:
        """Every slot as it was at its last answer."""
        return self._rollcall.census()

    async def begin(self) -> None:
        """Start every process, and keep them from now on."""
        for process in self._processes.values():
            await process.start()
        loop = asyncio.get_running_loop()
        self._keeping = [loop.create_task(self._keep(slot)) for slot in self._processes]
        for task in self._keeping:
            task.add_done_callback(_tell_failure)

    async def heard(self) -> None:
        """Wait until a slot said something new."""
        self._news.clear()
        news = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait((news, *self._keeping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        for task in self._keeping:
            if task.done():
                task.result()

    async def look(self, slot: str) -> WorkerReport:
        """See `Workers.look`."""
        return await self._ask(slot)

    async def steer(self, slot: str, wish: Wish) -> Granted:
        """See `Workers.steer`."""
        return await self._processes[slot].steer(wish)

    async def close(self) -> None:
        """End every process."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        await asyncio.gather(*(process.close() for process in self._processes.values()))

    async def _keep(self, slot: str) -> None:
        while True:
            report = await self._ask(slot)
            self._rollcall.hear_worker(report)
            self.oversight.hear(report)
            self._adopt(self._rollcall.table())
            self._news.set()
            if report.state == "silent" and not self._processes[slot].is_up:
                _LOG.warning("slot %s: its process has ended and is started again", slot)
                await self._processes[slot].start()
            await asyncio.sleep(_PERIOD_S if self._rollcall.is_told(slot) else _SOON_S)

    async def _ask(self, slot: str) -> WorkerReport:
        news = None if self._rollcall.is_told(slot) else self._rollcall.assignment(slot)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._processes[slot].describe(news)
        except TimeoutError:
            detail = f"its process gave no answer in {_PATIENCE_S:g} s"
        except EngineDeadError as exc:
            detail = exc.message
        return WorkerReport(slot=slot, state="silent", detail=detail)


def _tell_failure(keeping: asyncio.Task[None]) -> None:
    """After the start nobody waits for it."""
    if not keeping.cancelled() and (error := keeping.exception()) is not None:
        _LOG.error("a slot is not looked after any more", exc_info=error)

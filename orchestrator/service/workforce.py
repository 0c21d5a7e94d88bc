"""The workers that Serve runs: asked in turn, started and ended as the roll call says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from orchestrator.service.reports import WorkerReport
from orchestrator.service.rollcall import Rollcall
from orchestrator.service.serving import running_workers, worker_handle

_LOG = logging.getLogger(__name__)

#: Seconds a worker may take to answer, and between two rounds.
_PATIENCE_S = 2.0
_PERIOD_S = 0.5

#: Has Serve run exactly the workers of these names; blocks.
RunWorkers = Callable[[frozenset[str]], None]


class Workforce:
    """Keeps Serve's workers to the staff of a roll call, and the roll call to what they say.

    It begins with the workers that Serve runs already, whoever asked for them: so nothing is lost
    with the process that this is in.

    Args:
        rollcall: hears what they say, and knows which there should be.
        run: has Serve run them.
        heard: called when one has said something.
    """

    def __init__(self, rollcall: Rollcall, *, run: RunWorkers, heard: Callable[[], None]) -> None:
        self._rollcall = rollcall
        self._run = run
        self._heard = heard
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, asyncio.Event] = {}
        self._handles: dict[str, Any] = {}
        self._unasked: set[str] = set()
        self._hint = asyncio.Event()
        #: Set once every worker that ran at the beginning was asked.
        self.asked_all = asyncio.Event()

    def tell(self) -> None:
        """Ask every worker at once, since there is something to tell it."""
        self._hint.set()
        for told in self._told.values():
            told.set()

    async def keep(self) -> None:
        """Start and end workers for ever."""
        await self._begin()
        while True:
            self._hint.clear()
            await self._adjust()
            for task in self._asking.values():
                if task.done():
                    task.result()
            await _wait(self._hint)

    async def _begin(self) -> None:
        running = await asyncio.to_thread(running_workers)
        for slot in running:
            self._rollcall.hear_worker(
                WorkerReport(slot=slot, state="silent", detail="its process is starting")
            )
        self._unasked = set(running)
        self._ask_also(running)
        self._note_asked()

    async def _adjust(self) -> None:
        staff, running = self._rollcall.staff, frozenset(self._asking)
        if staff == running:
            return
        try:
            await asyncio.to_thread(self._run, staff)
        except (RayError, RayServeException, TimeoutError) as exc:
            _LOG.warning("workers %s are tried again: %s", sorted(staff ^ running), exc)
            return
        _LOG.info("workers %s start, %s end", sorted(staff - running), sorted(running - staff))
        for slot in running - staff:
            await self._end(slot)
        self._ask_also(staff - running)

    def _ask_also(self, slots: Iterable[str]) -> None:
        for slot in slots:
            self._handles[slot] = worker_handle(slot)
            self._told[slot] = asyncio.Event()
            self._asking[slot] = asyncio.get_running_loop().create_task(self._keep_asking(slot))

    async def _end(self, slot: str) -> None:
        asking = self._asking.pop(slot)
        asking.cancel()
        await asyncio.wait([asking])
        self._rollcall.dismiss(slot)
        del self._told[slot]
        await self._handles.pop(slot).shutdown_async()

    async def _keep_asking(self, slot: str) -> None:
        hint = self._told[slot]
        while True:
            hint.clear()
            self._rollcall.hear_worker(await self._ask(slot))
            self._heard()
            self._unasked.discard(slot)
            self._note_asked()
            if slot not in self._rollcall.staff:
                self._hint.set()
            if self._rollcall.is_told(slot):
                await _wait(hint)
            else:
                await asyncio.sleep(_PERIOD_S / 10)

    def _note_asked(self) -> None:
        if not self._unasked:
            self.asked_all.set()

    async def _ask(self, slot: str) -> WorkerReport:
        news = None if self._rollcall.is_told(slot) else self._rollcall.assignment(slot)
        response = self._handles[slot].describe.remote(news)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await response  # type: ignore[no-any-return]
        except TimeoutError:
            response.cancel()
            detail = f"its worker gave no answer in {_PATIENCE_S:g} s"
        except (RayError, RayServeException) as exc:
            detail = f"its worker is gone ({type(exc).__name__}); a new one is being started"
        return WorkerReport(slot=slot, state="silent", detail=detail)


async def _wait(hint: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_PERIOD_S):
            await hint.wait()

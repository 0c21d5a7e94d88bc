"""The workers that Serve runs: asked in turn, started and ended as the roll call says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from orchestrator.engines.assignment import Assignment
from orchestrator.errors import (
    EngineDeadError,
    EngineTimeoutError,
    ExpertUnavailableError,
    OrchestratorError,
)
from orchestrator.residency.wishes import Granted, Wish
from orchestrator.service.ray_engine import RETRY_AFTER_S
from orchestrator.service.reports import WorkerReport
from orchestrator.service.rollcall import Rollcall
from orchestrator.service.serving import running_workers, unplaced, worker_handle

_LOG = logging.getLogger(__name__)

#: Seconds a worker may take to answer, and between two rounds.
_PATIENCE_S = 2.0
_PERIOD_S = 0.5
#: An operator waits for every worker this long, seconds.
_LOOK_S = 1.0
#: A wish may start an engine; one that takes longer goes on, and is not waited for.
_STEER_S = 600.0


class RunWorkers(Protocol):
    """Has Serve run exactly the workers of these names; blocks."""

    def __call__(self, workers: frozenset[str], renewed: str | None = None) -> None:
        """Also replaces the processes of the deployment that is `renewed`."""
        ...


class Workforce:
    """Keeps Serve's workers to the staff of a roll call, and the roll call to what they say.

    It begins with the workers that Serve runs already, whoever asked for them: so nothing is lost
    with the process that this is in.

    Args:
        rollcall: hears what they say, and knows which there should be.
        run: has Serve run them.
        heard: called with what one has said, or that it is silent.
    """

    def __init__(
        self, rollcall: Rollcall, *, run: RunWorkers, heard: Callable[[WorkerReport], None]
    ) -> None:
        self._rollcall = rollcall
        self._run = run
        self._heard = heard
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, asyncio.Event] = {}
        self._handles: dict[str, Any] = {}
        self._unasked: set[str] = set()
        self._hint = asyncio.Event()
        self._deploying = asyncio.Lock()
        #: Set once every worker that ran at the beginning was asked.
        self.asked_all = asyncio.Event()

    def tell(self) -> None:
        """Ask every worker at once, since there is something to tell it."""
        self._hint.set()
        for told in self._told.values():
            told.set()

    @property
    def slots(self) -> frozenset[str]:
        """See `Workers.slots`."""
        return frozenset(self._handles)

    async def renew(self, deployment: str) -> None:
        """Have Serve replace the processes of a deployment; returns when it has taken the order.

        Raises:
            ExpertUnavailableError: it has not.
        """
        try:
            async with self._deploying:
                await asyncio.to_thread(self._run, frozenset(self._asking), deployment)
        except (RayError, RayServeException, TimeoutError) as exc:
            raise ExpertUnavailableError(
                f"Serve does not replace {deployment!r}: {exc}", retry_after_s=RETRY_AFTER_S
            ) from exc

    async def look(self, slot: str) -> WorkerReport:
        """See `Workers.look`."""
        return await self._describe(slot, None, within_s=_LOOK_S)

    async def steer(self, slot: str, wish: Wish) -> Granted:
        """See `Workers.steer`."""
        handle = self._handles.get(slot)
        if handle is None:
            raise EngineDeadError("its worker has ended", retry_after_s=RETRY_AFTER_S)
        response = handle.steer.remote(wish)
        try:
            async with asyncio.timeout(_STEER_S):
                granted: Granted | OrchestratorError = await response
        except TimeoutError as exc:
            response.cancel()
            raise EngineTimeoutError(
                f"{wish.kind} of expert {wish.expert!r} is not done after {_STEER_S:g} s; it goes "
                "on, and GET /admin/residency says how far it is"
            ) from exc
        except (RayError, RayServeException) as exc:
            raise EngineDeadError(
                "its worker is gone; a new one is being started", retry_after_s=RETRY_AFTER_S
            ) from exc
        if isinstance(granted, OrchestratorError):
            raise granted
        return granted

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
            async with self._deploying:
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
            report = await self._ask(slot)
            self._rollcall.hear_worker(report)
            self._heard(report)
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

    async def _unplaced(self, slot: str) -> str | None:
        try:
            return await asyncio.to_thread(unplaced, slot)
        except (RayError, RayServeException, TimeoutError):
            return None  # Serve is away itself

    async def _ask(self, slot: str) -> WorkerReport:
        news = None if self._rollcall.is_told(slot) else self._rollcall.assignment(slot)
        return await self._describe(slot, news, within_s=_PATIENCE_S)

    async def _describe(
        self, slot: str, news: Assignment | None, *, within_s: float
    ) -> WorkerReport:
        handle = self._handles.get(slot)
        if handle is None:
            return WorkerReport(slot=slot, state="silent", detail="its worker has ended")
        response = handle.describe.remote(news)
        try:
            async with asyncio.timeout(within_s):
                return await response  # type: ignore[no-any-return]
        except TimeoutError:
            response.cancel()
            lacking = await self._unplaced(slot)
            detail = lacking or f"its worker gave no answer in {within_s:g} s"
        except (RayError, RayServeException) as exc:
            detail = f"its worker is gone ({type(exc).__name__}); a new one is being started"
        return WorkerReport(slot=slot, state="silent", detail=detail)


async def _wait(hint: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_PERIOD_S):
            await hint.wait()

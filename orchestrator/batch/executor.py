"""Has the lines of several batches answered by one plan, made anew where reality departs from it.

Lines are begun in the order of the plan. The calls they make are held (`held.py`) and let go run
by run (`releasing.py`), so composed lines are grouped by expert stage by stage. It never swaps:
slots see calls that nobody waits for, with advice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator import metrics
from orchestrator.batch.answering import Answering
from orchestrator.batch.endpoint import Endpoint
from orchestrator.batch.executing import Work
from orchestrator.batch.held import LINE, HeldDispatch, LineTag
from orchestrator.batch.line import LineResult
from orchestrator.batch.progress import RunProgress
from orchestrator.batch.replanning import Replanning
from orchestrator.batch.retrying import RetryDecision
from orchestrator.batch.run_log import RunLog
from orchestrator.batch.steering import Steering
from orchestrator.batch.surroundings import Lookout, Paced, Planner
from orchestrator.batch.under_way import ENDED, OPEN, PAUSED, WAITING, UnderWay
from orchestrator.planner.plan import Plan

#: How long a work that is given up waits for results on their way to the storage, seconds.
_STORING_S = 5.0
#: Works that have ended and whose runs are still told.
_MAX_REMEMBERED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSettings:
    """Bounds of what is under way at once."""

    #: Calls that wait or run in one slot, and at one upstream.
    slot_window: int = 256
    upstream_window: int = 32
    #: Lines of several calls that are begun and have not ended: each holds its answers so far.
    max_open_lines: int = 2048
    #: Of one line, tries in all.
    max_tries: int = 10
    #: Longest time of one call once it was let go, seconds.
    call_timeout_s: float = 3600.0
    #: Between two looks at the surroundings, seconds.
    look_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """How plans are made: ours, and the one that everybody's order makes."""

    planned: Planner
    arrival: Planner
    #: Ours without a search: of what is gone on with, so that its lines do not wait for one.
    hasty: Planner


class PlannedExecutor:
    """An `Executor` on slots and upstreams.

    Args:
        endpoint: answers lines, by way of `held`.
        held: stands between its compositions and dispatch.
        lookout: sees the slots.
        plans: makes plans.
        settings: bounds.
        paces: learns from what happened.
        clock: seconds, monotonic; deadlines of works are by it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        held: HeldDispatch,
        lookout: Lookout,
        plans: Plans,
        settings: ExecutorSettings = ExecutorSettings(),
        paces: Paced | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answering = Answering(endpoint=endpoint, max_tries=settings.max_tries)
        self._held = held
        self._settings = settings
        self._clock = clock
        self._paces = paces
        self._works: dict[str, UnderWay] = {}
        #: What was said last of those that have ended.
        self._ended: dict[str, RunProgress] = {}
        self._replanning = Replanning(lookout, plans, clock=clock)
        self._steering: Steering | None = None
        self._driving: asyncio.Task[None] | None = None

    async def execute(self, work: Work) -> None:
        """See `Executor.execute`."""
        under = UnderWay(work)
        self._works[work.id] = under
        self._drive()
        try:
            await under.end
        finally:
            await _let_go(under)
            self._remember(work.id)
            del self._works[work.id]
            self._replanning.outdate()
            if not self._works:
                await self._rest()

    async def plan(self, work: Work) -> tuple[Plan, Plan]:
        """See `Executor.plan`."""
        return await self._replanning.foreseen(UnderWay(work))

    def progress(self, work_id: str) -> RunProgress | None:
        """See `Executor.progress`."""
        under, steering = self._works.get(work_id), self._steering
        if under is None or steering is None:
            return self._ended.get(work_id)
        return steering.progress(under)

    def _remember(self, work_id: str) -> None:
        """Keep what can be said at the end of a work: its runs are asked for afterwards."""
        self._ended.pop(work_id, None)
        if (last := self.progress(work_id)) is not None:
            self._ended[work_id] = replace(last, current=(), ended=last.ended + last.current)
        if len(self._ended) > _MAX_REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def _drive(self) -> None:
        """Begin to steer, or have the newest work planned for."""
        self._replanning.outdate()
        if self._steering is None:
            log = RunLog(clock=self._clock, paces=self._paces)
            self._steering = Steering(
                self._works, self._held, log, settings=self._settings, begin=self._begin
            )
            self._driving = asyncio.create_task(self._keep_driving(self._steering))
            self._driving.add_done_callback(self._driving_ended)

    async def _rest(self) -> None:
        """Nothing is left to be done; what comes meanwhile begins anew."""
        steering, driving = self._steering, self._driving
        self._steering = self._driving = None
        if driving is not None:
            driving.cancel()
            await asyncio.wait([driving])
        if steering is not None:
            steering.close()

    async def _keep_driving(self, steering: Steering) -> None:
        replanning = asyncio.create_task(self._keep_planning(steering))
        replanning.add_done_callback(lambda _: steering.stir())
        try:
            while not replanning.done():
                await steering.stirred()
                steering.step(self._replanning.current, self._replanning.around)
            replanning.result()
        finally:
            replanning.cancel()

    def _driving_ended(self, done: asyncio.Task[None]) -> None:
        """Works would wait for ever for what nobody does any more."""
        if not done.cancelled() and (error := done.exception()) is not None:
            for under in self._works.values():
                under.fail(error)

    async def _keep_planning(self, steering: Steering) -> None:
        while True:
            await self._replanning.look(tuple(self._works.values()), steering)
            steering.stir()
            await self._replanning.rest(self._settings.look_s)

    def _begin(self, under: UnderWay, place: int) -> None:
        """Start a line."""
        under.state[place] = OPEN
        task = asyncio.create_task(self._line(under, place))
        under.tasks.add(task)
        task.add_done_callback(lambda done: self._line_ended(under, done))

    async def _line(self, under: UnderWay, place: int) -> None:
        LINE.set(LineTag(work_id=under.work.id, place=place))
        num_tries = under.num_tries[place] = under.num_tries.get(place, 0) + 1
        came = await self._answering.answer(under.work, place, num_tries=num_tries)
        if isinstance(came, RetryDecision):
            metrics.BATCH_LINES.labels("retried").inc()
            self._leave(under, place, state=PAUSED)
            await asyncio.sleep(came.after_s)
            under.state[place] = WAITING
            self._replanning.outdate(is_urgent=False)
        else:
            self._leave(under, place, state=ENDED)
            await self._store(under, came)

    async def _store(self, under: UnderWay, result: LineResult) -> None:
        under.num_tries.pop(result.place, None)
        task = asyncio.current_task()
        assert task is not None, "lines are tasks"
        under.storing.add(task)
        await self._answering.store(under.work, result)
        metrics.BATCH_LINES.labels("done" if result.fault is None else "failed").inc()
        under.ended(result.place)

    def _leave(self, under: UnderWay, place: int, *, state: int) -> None:
        """A line makes no more calls, for now or for good."""
        if self._steering is not None:
            self._steering.left(under, place)
        under.state[place] = state
        if state == PAUSED:
            under.is_made[list(under.calls(place))] = False

    def _line_ended(self, under: UnderWay, done: asyncio.Task[None]) -> None:
        under.tasks.discard(done)
        under.storing.discard(done)
        if not done.cancelled() and (error := done.exception()) is not None:
            under.fail(error)


async def _let_go(under: UnderWay) -> None:
    """Cancel what a work has under way, and wait until it has ended; what is answered is stored."""
    for task in under.tasks - under.storing:
        task.cancel()
    if under.storing:
        await asyncio.wait(under.storing, timeout=_STORING_S)
    for task in tuple(under.tasks):
        task.cancel()
    await asyncio.gather(*under.tasks, return_exceptions=True)

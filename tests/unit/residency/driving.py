"""A loop on a fake host, the callers that take turns on it, and what moves them."""

import asyncio

from orchestrator.engines.fake import FakeHost
from orchestrator.engines.seat import Seat
from orchestrator.errors import EngineDeadError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.loop import SlotLoop

LINEAGE = tuple(Expert(id=id_) for id_ in ("maths", "french", "code"))


class Caller:
    """Takes a turn and holds it until told to leave."""

    def __init__(self, loop: SlotLoop, expert: str, **wishes) -> None:
        self.asked, self.runs = asyncio.Event(), asyncio.Event()
        self._ends = asyncio.get_running_loop().create_future()
        self._then = []
        self.waited_s: float | None = None
        self.task = asyncio.create_task(self._run(loop, expert, wishes))

    async def _run(self, loop, expert, wishes):
        self.asked.set()
        async with loop.turn(expert, **wishes) as turn:
            self.waited_s = await turn.came()
            self.runs.set()
            for act in self._then:
                act()
            await self._ends

    def runs_then(self, act):
        self._then.append(act)

    def leave_soon(self):
        self._ends.set_result(None)

    async def leave(self):
        self.leave_soon()
        await self.task

    async def fail(self, error):
        self._ends.set_exception(error)
        await asyncio.wait([self.task])
        assert self.task.exception() is error

    async def hang_up(self):
        self.task.cancel()
        await asyncio.wait([self.task])


async def asking(loop: SlotLoop, expert: str, **wishes) -> Caller:
    caller = Caller(loop, expert, **wishes)
    await caller.asked.wait()
    return caller


async def running(loop: SlotLoop, expert: str) -> Caller:
    caller = Caller(loop, expert)
    await caller.runs.wait()
    return caller


class Driven:
    """A loop on a fake host, and what to move them by."""

    def __init__(self, *, revives: int = 0, **limits) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.host = FakeHost(LINEAGE, swap_gate=self.gate)
        self.clock = ManualClock()
        self.up, self.lost = asyncio.Event(), asyncio.Event()
        self._revives = revives
        self.seat = Seat(
            "local-0",
            self.host,
            revive=self._revive,
            on_queue=self._look,
        )
        for expert in LINEAGE:
            self.seat.learn(expert.id, expert)
        self.loop = SlotLoop(self.seat, clock=self.clock, limits=LoopLimits(**limits))

    def _look(self):
        for event, is_so in ((self.up, self.loop.down is None), (self.lost, self.loop.is_lost)):
            (event.set if is_so else event.clear)()

    async def _revive(self, dead):
        if self._revives == 0:
            raise EngineDeadError("no memory left")
        self._revives -= 1
        self.host = FakeHost(LINEAGE, swap_gate=self.gate)
        return self.host


async def dying(loop: SlotLoop, expert: str) -> None:
    """A holder that finds the engine dead."""
    async with loop.turn(expert) as turn:
        await turn.came()
        raise EngineDeadError("connection lost")


async def running_or_refused(loop: SlotLoop, expert: str) -> None:
    async with loop.turn(expert) as turn:
        await turn.came()
        raise AssertionError("the turn was given")

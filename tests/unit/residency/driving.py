"""A loop on a fake host, the callers that take turns on it, and what moves them."""

import asyncio

from orchestrator.engines.fake import FakeHost
from orchestrator.engines.seat import Seat
from orchestrator.engines.seats import Seats
from orchestrator.errors import EngineDeadError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.loop import SlotLoop
from orchestrator.residency.places import Wishes

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
        async with loop.turn(expert, Wishes(**wishes)) as turn:
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
    """A loop on one fake engine, and what to move them by."""

    def __init__(self, *, revives: int | None = 0, **limits) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.host = FakeHost(LINEAGE, swap_gate=self.gate)
        self.clock = ManualClock()
        #: How often its engine starts again; `None` where nobody would start it.
        self.revives = revives
        #: What its engines raise in swaps once they were started anew.
        self.broken = {}
        opening = None if revives is None else self._open
        self.seat = Seat("llama", host=self.host, opening=opening)
        self.seat.know({expert.id: expert for expert in LINEAGE})
        seats = Seats("local-0", on_gone=lambda _: None)
        seats.put("llama", self.seat)
        self.loop = SlotLoop(seats, clock=self.clock, limits=LoopLimits(**limits))
        self.loop.engines.take_in("llama", self.seat)

    @property
    def engine(self):
        return self.loop.state.engine("llama")

    def die(self, reason="killed"):
        self.loop.report_dead("llama", EngineDeadError(reason))

    async def _open(self, first):
        if self.revives == 0:
            raise EngineDeadError("no memory left")
        self.revives -= 1
        others = [one for one in LINEAGE if one.id != first.id]
        self.host = FakeHost([first, *others], swap_gate=self.gate, broken=self.broken)
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

"""The engines of one slot, held to what is wanted of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from math import inf

from orchestrator.engines import fetched
from orchestrator.engines.assignment import Assignment, EngineReport, EngineStage
from orchestrator.engines.cost_book import CostBook
from orchestrator.engines.host import Host
from orchestrator.engines.joining import Bring, Joining
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.read_ahead import ReadAhead
from orchestrator.engines.seat import Seat
from orchestrator.engines.slot import Slot
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import Clock
from orchestrator.residency.roster import Room
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.upkeep import waits_to_start
from orchestrator.tracing.tracing import Tracing

_LOG = logging.getLogger(__name__)

#: Starts an engine for a lineage, which holds its first expert then; a function of a module, since
#: it travels to workers.
OpenHost = Callable[[Lineage], Awaitable[Host]]


class Hosting:
    """Turns an assignment into engines of a slot, whose loop starts and ends them.

    Nothing here fails a caller: what goes wrong with an engine ends in its report, the others
    serve, and it is tried again while it is wanted.

    Args:
        name: the slot's name.
        open_host: starts one engine.
        clock: a running event loop, or a manual clock.
        bring: fetches and verifies what experts need that are not here.
        host_gib: memory of the machine that the slot's sleeping engines may take.
        book: keeps what steps and calls take here.
        read_ahead: brings weights into the page cache before they are needed; `None` brings none.
        tracing: where the slot's spans go.
    """

    def __init__(
        self,
        name: str,
        *,
        open_host: OpenHost,
        clock: Clock,
        bring: Bring = fetched.brought,
        host_gib: float = inf,
        book: CostBook | None = None,
        read_ahead: ReadAhead | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        #: Keeps what steps and calls take here.
        self.book = book or CostBook(clock=clock)
        self.slot = Slot(
            name, clock=clock, costs=self.book.costs, read_ahead=read_ahead, tracing=tracing
        )
        self._joining = Joining(self.slot, bring, clock=clock)
        self._name = name
        self._open_host = open_host
        self._host_gib = host_gib
        self._assignment: Assignment | None = None
        self._wanted: dict[str, Lineage] = {}
        #: Those that engines are of, wanted or not yet ended.
        self._lineages: dict[str, Lineage] = {}

    @property
    def stamp(self) -> str | None:
        """Of the assignment held, `None` before the first."""
        return None if self._assignment is None else self._assignment.stamp

    def assign(self, assignment: Assignment) -> None:
        """Begin to become what `assignment` says; what it has in common with now serves on."""
        changed = [one.id for one in assignment.lineages if self._lineages.get(one.id) != one]
        self._assignment = assignment
        self._wanted = {lineage.id: lineage for lineage in assignment.lineages}
        self._lineages |= self._wanted
        self.book.hold(assignment.lineages)
        self.slot.foresee(assignment.lineages)
        self.slot.bound(assignment.limits)
        ids = self._seated(assignment)
        mended = [id_ for id_ in ids if self.slot.engines[id_].lineage in changed]
        self.slot.loop.forgive(mended)
        room = Room(
            device_gib=assignment.room_gib,
            host_gib=self._host_gib,
            at_once=assignment.at_once,
            moves_alone=assignment.moves_alone,
        )
        self.slot.hold(ids, room=room)  # first: what joins may start at once
        for lineage_id in [one for one in self._lineages if one not in self._wanted]:
            self._joining.leave(lineage_id)
        for lineage in self._wanted.values():
            self._joining.join(lineage)
        self.advance()

    def advance(self) -> None:
        """Take the steps that are due; to be called now and then, for what nobody tells of."""
        self._joining.retry()
        self.book.advance()
        self.slot.loop.advance()
        held = {seat.lineage for seat in self.slot.engines.values()}
        self._lineages = {id_: one for id_, one in self._lineages.items() if id_ in held}

    def describe(self) -> tuple[EngineReport, ...]:
        """Every lineage that is held or wanted."""
        state = self.slot.loop.state
        lineages = dict.fromkeys(engine.lineage for engine in state.engines)
        return tuple(self._described(lineage, state) for lineage in lineages)

    async def check(self) -> None:
        """Ask every engine whether it lives."""
        await self.slot.check()
        self.advance()

    async def settled(self) -> None:
        """Wait until no step is under way and nothing is being fetched."""
        while self._joining.tasks or self.slot.is_stepping:
            if self._joining.tasks:
                await asyncio.wait(self._joining.tasks)
            await self.slot.settled()

    async def close(self) -> None:
        """End every engine; calls in flight fail with `EngineDeadError`."""
        self._assignment, self._wanted = None, {}
        await self._joining.close()
        await self.slot.close()
        await self.book.close()

    def _seated(self, assignment: Assignment) -> list[str]:
        """Ids of the engines that are wanted, the first of every lineage ahead of second ones."""
        found = []
        for number in range(assignment.num_engines):
            for lineage in assignment.lineages:
                id_ = lineage.id if number == 0 else f"{lineage.id}#{number + 1}"
                footprints = assignment.footprints[lineage.id]
                if id_ in self.slot.engines:
                    self.slot.engines[id_].claim(footprints)
                else:
                    opening = partial(self._open, lineage.id)
                    seat = Seat(lineage.id, opening=opening, footprints=footprints)
                    self.slot.add(id_, seat)
                found.append(id_)
        return found

    async def _open(self, lineage_id: str, first: Expert) -> Host:
        """Start an engine that holds `first`, for what is here of its lineage."""
        lineage, here = self._lineages[lineage_id], self.slot.keys(lineage_id)
        experts = tuple(one for one in lineage.experts if one.key in here) or lineage.experts
        _LOG.info("slot %s: starting an engine of %s with %s", self._name, lineage_id, first.id)
        return await self._open_host(replace(lineage, experts=experts).led_by(first))

    def _described(self, lineage_id: str, state: SlotState) -> EngineReport:
        engines = [one for one in state.engines if one.lineage == lineage_id]
        told = [self._told(one, state) for one in engines]
        stage, detail = min(told, key=lambda one: _ORDER.index(one[0]))
        if trouble := self._joining.troubles.get(lineage_id):
            stage, detail = "failed", trouble
        elif self._joining.is_busy(lineage_id):
            stage, detail = "starting", self._fetching(lineage_id) or detail
        return EngineReport(
            lineage=lineage_id, state=stage, detail=detail, is_wanted=lineage_id in self._wanted
        )

    def _told(self, engine: EngineState, state: SlotState) -> tuple[EngineStage, str]:
        """How far an engine is, and one sentence."""
        step = engine.change and engine.change.step
        trouble = self.slot.loop.engines[engine.id].trouble
        if step == "start" or (step == "stop" and trouble is not None):
            again = f"starting {engine.id} again, which died"
            return "starting", again if trouble else self._named("starting", engine)
        if not engine.is_wanted:
            stage: EngineStage = "closing" if step == "stop" else "draining"
            return stage, self._named(stage, engine)
        if engine.down is not None:
            return "failed", engine.down
        if engine.rung == "serving":
            return "up", self._named("up", engine)
        return self._told_of_idle(engine, state)

    def _told_of_idle(self, engine: EngineState, state: SlotState) -> tuple[EngineStage, str]:
        if engine.rung == "stopped" and waits_to_start(engine, state):
            leaving = sorted(one.id for one in state.engines if not one.is_wanted)
            why = f"{leaving} have to end first" if leaving else "another engine starts first"
            return "waiting", why
        return "resting", f"{self._named(engine.rung, engine)}: it comes up when it is called"

    def _named(self, what: str, engine: EngineState) -> str:
        return f"{what} {engine.id} ({len(self._lineages[engine.lineage].experts)} experts)"

    def _fetching(self, lineage_id: str) -> str | None:
        return fetched.doing(self._lineages[lineage_id].experts)


#: The furthest first.
_ORDER: tuple[EngineStage, ...] = (
    "up",
    "resting",
    "starting",
    "waiting",
    "draining",
    "closing",
    "failed",
)

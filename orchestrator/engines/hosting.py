"""The engines of one slot, held to what is wanted of it: started, drained, closed, tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrator.engines import fetched
from orchestrator.engines.assignment import Assignment, EngineReport
from orchestrator.engines.host import Host
from orchestrator.engines.joining import Bring, Joining
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.slot import Slot
from orchestrator.errors import EngineDeadError, OrchestratorError
from orchestrator.residency.clock import Clock
from orchestrator.residency.tenancy import (
    Close,
    Drain,
    Forget,
    Start,
    State,
    Step,
    Tenant,
    Welcome,
    next_steps,
    waits_for_room,
)

_LOG = logging.getLogger(__name__)

#: Starts an engine for a lineage; a function of a module, since it travels to workers.
OpenHost = Callable[[Lineage], Awaitable[Host]]

#: How long an engine that failed is not tried again, seconds.
RETRY_S = 15.0


@dataclass(slots=True, kw_only=True)
class _Engine:
    lineage: Lineage
    memory_gib: float
    state: State
    task: asyncio.Task[None] | None = None
    #: It died, and a new one is being started in its place.
    is_reviving: bool = False
    failure: str = ""
    retry_at_s: float = 0.0


class Hosting:
    """Reconciles a slot with its assignment, one engine at a time and never more than needed.

    Nothing here fails a caller: what goes wrong with an engine ends in its report, the others
    serve, and it is tried again while it is wanted.

    Args:
        name: the slot's name.
        open_host: starts one engine.
        clock: a running event loop, or a manual clock.
        bring: fetches and verifies what siblings need that join a live engine.
    """

    def __init__(
        self, name: str, *, open_host: OpenHost, clock: Clock, bring: Bring = fetched.brought
    ) -> None:
        self.slot = Slot(name, clock=clock, revive=self._revive)
        self._joining = Joining(self.slot, bring)
        self._name = name
        self._open_host = open_host
        self._clock = clock
        self._assignment: Assignment | None = None
        self._wanted: dict[str, Lineage] = {}
        self._engines: dict[str, _Engine] = {}

    @property
    def stamp(self) -> str | None:
        """Of the assignment held, `None` before the first."""
        return None if self._assignment is None else self._assignment.stamp

    def assign(self, assignment: Assignment) -> None:
        """Begin to become what `assignment` says; what it has in common with now serves on."""
        self._assignment = assignment
        self._wanted = {lineage.id: lineage for lineage in assignment.lineages}
        self.slot.bound(assignment.limits)
        for id_, engine in self._engines.items():
            lineage = self._wanted.get(id_)
            if lineage is None:
                continue
            if engine.state == "failed" and engine.lineage != lineage:
                engine.retry_at_s = self._clock.time()  # what was wrong with it may be mended
            engine.lineage = lineage
            if engine.state == "up":
                self._joining.join(lineage)
        self.advance()

    def advance(self) -> None:
        """Take the steps that are due; to be called now and then, for what nobody tells of."""
        if self._assignment is None:
            return
        self._bury_lost()
        while steps := self._next_steps():
            for step in steps:
                self._take(step)

    def describe(self) -> tuple[EngineReport, ...]:
        """Every engine that is held or wanted."""
        held = [self._described(id_, engine) for id_, engine in self._engines.items()]
        waiting = [id_ for id_ in self._wanted if id_ not in self._engines]
        return (*held, *(self._waiting(id_) for id_ in waiting))

    async def check(self) -> None:
        """Ask every host whether it lives."""
        await self.slot.check()
        self.advance()

    async def settled(self) -> None:
        """Wait until no engine is starting or closing, and no sibling is joining."""
        while tasks := [
            *(engine.task for engine in self._engines.values() if engine.task),
            *self._joining.tasks,
        ]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """End every engine; calls in flight fail with `EngineDeadError`."""
        self._assignment, self._wanted = None, {}
        tasks = [engine.task for engine in self._engines.values() if engine.task]
        for task in tasks:
            task.cancel()
        await self._joining.close()
        if tasks:
            await asyncio.wait(tasks)
        await self.slot.close()

    def _next_steps(self) -> tuple[Step, ...]:
        assert self._assignment is not None
        return next_steps(
            self._tenants(),
            self._wanted_gib(),
            room_gib=self._assignment.room_gib,
            at_once=self._assignment.at_once,
            now_s=self._clock.time(),
        )

    def _take(self, step: Step) -> None:
        match step:
            case Start(lineage=id_):
                self._start(id_)
            case Drain(lineage=id_):
                self._engines[id_].state = "draining"
                self._joining.leave(id_)
                _LOG.info("slot %s: engine %s takes no more calls", self._name, id_)
            case Welcome(lineage=id_):
                self._engines[id_].state = "up"
                self._joining.join(self._wanted[id_])
            case Close(lineage=id_):
                self._engines[id_].state = "closing"
                self._run(id_, self.slot.unseat(id_), self._closed)
            case Forget(lineage=id_):
                del self._engines[id_]

    def _start(self, id_: str) -> None:
        lineage = self._wanted[id_]
        self._engines[id_] = _Engine(
            lineage=lineage, memory_gib=self._wanted_gib()[id_], state="starting"
        )
        _LOG.info("slot %s: starting engine %s", self._name, id_)
        self._run(id_, self._open(lineage), self._opened)

    def _run(
        self,
        id_: str,
        work: Awaitable[None],
        ended: Callable[[_Engine, BaseException | None], None],
    ) -> None:
        engine = self._engines[id_]
        engine.task = asyncio.ensure_future(work)

        def end(task: asyncio.Task[None]) -> None:
            engine.task = None
            ended(engine, asyncio.CancelledError() if task.cancelled() else task.exception())
            self.advance()

        engine.task.add_done_callback(end)

    async def _open(self, lineage: Lineage) -> None:
        host = await self._open_host(lineage)
        # Its siblings may have changed since; with none wanted it is up to be closed at once.
        wanted = self._wanted.get(lineage.id)
        keys = {expert.key for expert in wanted.experts} if wanted else set()
        brought = [expert for expert in lineage.experts if expert.key in keys]
        self.slot.seat(lineage.id, host, brought)
        if wanted:
            self._joining.join(wanted)

    def _opened(self, engine: _Engine, error: BaseException | None) -> None:
        if error is None:
            engine.state = "up"
            _LOG.info("slot %s: engine %s is up", self._name, engine.lineage.id)
        else:
            self._fail(engine, error)

    def _closed(self, engine: _Engine, error: BaseException | None) -> None:
        if error is not None:
            _LOG.error("slot %s: engine %s ended badly: %r", self._name, engine.lineage.id, error)
        del self._engines[engine.lineage.id]

    def _fail(self, engine: _Engine, error: BaseException) -> None:
        what = error.message if isinstance(error, OrchestratorError) else repr(error)
        engine.state, engine.failure = "failed", what
        engine.retry_at_s = self._clock.time() + RETRY_S
        _LOG.error("slot %s: engine %s failed: %s", self._name, engine.lineage.id, what)

    def _bury_lost(self) -> None:
        """A host that died and did not come back is closed, and started anew while wanted."""
        for id_, reason in self.slot.lost().items():
            engine = self._engines[id_]
            if engine.state in {"up", "draining"}:
                engine.state = "closing"
                self._run(id_, self.slot.unseat(id_), self._buried(EngineDeadError(reason)))

    def _buried(self, reason: EngineDeadError) -> Callable[[_Engine, BaseException | None], None]:
        return lambda engine, _: self._fail(engine, reason)

    async def _revive(self, lineage_id: str, dead: Host) -> Host:
        """A new engine in place of a dead one.

        Raises:
            EngineDeadError: it does not start.
        """
        engine = self._engines[lineage_id]
        _LOG.warning("slot %s: starting engine %s again", self._name, lineage_id)
        engine.is_reviving = True
        try:
            await dead.close()
            return await self._open_host(engine.lineage)
        except OrchestratorError as exc:
            raise EngineDeadError(f"engine {lineage_id} does not restart: {exc}") from exc
        finally:
            engine.is_reviving = False

    def _tenants(self) -> list[Tenant]:
        return [
            Tenant(
                lineage=id_,
                state=engine.state,
                memory_gib=engine.memory_gib,
                retry_at_s=engine.retry_at_s,
                is_idle=engine.state == "draining" and self.slot.is_drained(id_),
            )
            for id_, engine in self._engines.items()
        ]

    def _wanted_gib(self) -> dict[str, float]:
        assert self._assignment is not None
        return {id_: self._assignment.memory_gib[id_] for id_ in self._wanted}

    def _described(self, id_: str, engine: _Engine) -> EngineReport:
        state: str = engine.state
        detail = engine.failure or self._joining.troubles.get(id_, "")
        if detail:
            state = "failed"
        elif engine.is_reviving:
            state, detail = "starting", f"starting {id_} again, which died"
        elif state == "starting" or self._joining.is_busy(id_):
            state = "starting"
            detail = fetched.doing(engine.lineage.experts) or ""
        return EngineReport(
            lineage=id_,
            state=state,
            detail=detail or _told(engine),
            is_wanted=id_ in self._wanted,
        )

    def _waiting(self, id_: str) -> EngineReport:
        assert self._assignment is not None
        room_gib = self._assignment.room_gib
        has_room = id_ not in waits_for_room(self._tenants(), self._wanted_gib(), room_gib=room_gib)
        leaving = [one for one, engine in self._engines.items() if one not in self._wanted]
        why = "another engine starts first" if has_room else f"{leaving} have to end first"
        return EngineReport(lineage=id_, state="waiting", detail=why, is_wanted=True)


def _told(engine: _Engine) -> str:
    named = f"{engine.lineage.id} ({len(engine.lineage.experts)} experts)"
    return f"{engine.state} {named}"

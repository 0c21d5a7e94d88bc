"""A slot in a process of its own, as an engine: what `service.ray_engine` is to Ray's workers."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.engines.assignment import Assignment
from orchestrator.engines.base import Call, Item
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.streams import reading
from orchestrator.errors import EngineDeadError, OrchestratorError
from orchestrator.local.wire import Ask, GiveUp, Method, Said, Wire
from orchestrator.residency.wishes import Granted, Wish
from orchestrator.service.reports import WorkerReport
from orchestrator.service.slot_worker import WorkerPlan

#: Seconds after which one that ended is back, without its engines.
RETRY_AFTER_S = 2.0
#: One that hangs is killed after this, seconds; its keeper gives it less.
_STOP_S = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How a slot's process is started."""

    plan: WorkerPlan
    #: Set for it alone.
    environment: Mapping[str, str]
    #: What it and its engines print.
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    process: Process
    wire: Wire
    listening: asyncio.Task[None]
    #: What came for each question; `None` when nothing more will.
    inboxes: dict[int, asyncio.Queue[Said | None]] = field(default_factory=dict)


class SlotProcess:
    """Starts, asks and ends one process; a `FullEngine`, and can be told hints.

    Args:
        program: how it is started.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._slot = program.plan.slot
        self._numbers = itertools.count()
        self._started: _Started | None = None

    @property
    def is_up(self) -> bool:
        """Whether it can be asked."""
        return self._started is not None and not self._started.listening.done()

    async def start(self) -> None:
        """Start it, again where it has ended."""
        await self.close()
        ours, theirs = socket.socketpair()
        with theirs, self._program.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "orchestrator.local.slot_program", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._program.environment},
                # Ctrl-C ends what was asked first, and the slot by its end.
                start_new_session=True,
            )
        wire = await Wire.over(ours)
        wire.send(self._program.plan)
        inboxes: dict[int, asyncio.Queue[Said | None]] = {}
        listening = asyncio.get_running_loop().create_task(_listen(wire, inboxes))
        self._started = _Started(process=process, wire=wire, listening=listening, inboxes=inboxes)

    async def generate(self, call: Call) -> AsyncGenerator[Item, None]:
        """Answer `call` in the slot; see `Engine.generate`."""
        async with reading(self._ask("generate", call)) as items:
            async for item in items:
                yield item

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed `call` in the slot; see `Embedder.embed`."""
        found: Vectors = await self._answer("embed", call)
        return found

    async def steer(self, wish: Wish) -> Granted:
        """Have a wish carried out; raises as `Steering.carry_out`."""
        granted: Granted = await self._answer("steer", wish)
        return granted

    async def describe(self, assignment: Assignment | None) -> WorkerReport:
        """What it is doing, once it has taken an assignment, if there is a new one.

        Raises:
            EngineDeadError: it has ended.
        """
        report: WorkerReport = await self._answer("describe", assignment)
        return report

    def hint(self, key: str) -> None:
        """Tell it what to expect; see `Hinted`."""
        if self._started is not None:
            self._started.wire.send(Ask(number=next(self._numbers), method="hint", argument=key))

    async def close(self) -> None:
        """End it and its engines; calls in flight fail with `EngineDeadError`."""
        started, self._started = self._started, None
        if started is None:
            return
        await started.wire.close()
        with suppress(asyncio.CancelledError):
            started.listening.cancel()
            await started.listening
        await _end(started.process)

    async def _answer(self, method: Method, argument: object) -> Any:
        async with reading(self._ask(method, argument)) as items:
            return await anext(items)

    async def _ask(self, method: Method, argument: object) -> AsyncIterator[Any]:
        """What it says to a question; the process's errors of ours are raised here."""
        started = self._started
        if started is None or started.listening.done():
            raise self._gone()
        number = next(self._numbers)
        inbox: asyncio.Queue[Said | None] = asyncio.Queue()
        started.inboxes[number] = inbox
        started.wire.send(Ask(number=number, method=method, argument=argument))
        is_over = False
        try:
            while True:
                said = await inbox.get()
                is_over = said is None or said.is_last
                if said is None:
                    raise self._gone()
                if said.is_last:
                    return
                if isinstance(said.item, OrchestratorError):
                    raise said.item
                yield said.item
        finally:
            started.inboxes.pop(number, None)
            if not is_over:
                started.wire.send(GiveUp(number=number))

    def _gone(self) -> EngineDeadError:
        return EngineDeadError(
            f"the process of slot {self._slot!r} has ended; a new one is being started (log: "
            f"{self._program.log})",
            retry_after_s=RETRY_AFTER_S,
        )


async def _listen(wire: Wire, inboxes: Mapping[int, asyncio.Queue[Said | None]]) -> None:
    try:
        while (said := await wire.receive()) is not None:
            if (inbox := inboxes.get(said.number)) is not None:
                inbox.put_nowait(said)
    finally:
        for inbox in inboxes.values():
            inbox.put_nowait(None)


async def _end(process: Process) -> None:
    """It ends by itself once its socket is hung up; in no thread, for that is too late at exit."""
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()

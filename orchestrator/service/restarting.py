"""New processes in place of old ones, one by one, and no request fails for it.

Gateways: Serve starts another one, HAProxy sends callers there, and the old one ends its answers.
Workers: nobody sends calls to the slot any more; what is served nowhere else waits in the
gateways, as long as it may; once the slot is empty its process is replaced, and takes calls again
when it holds what it is to hold. A slot that does not become empty is left as it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from orchestrator.api.restart_control import RestartState
from orchestrator.errors import ConflictError, NotFoundError, OrchestratorError
from orchestrator.events.telling import tell
from orchestrator.service.reports import WorkerReport
from orchestrator.service.rollcall import Rollcall
from orchestrator.service.serving import GATEWAY, gateway_states, worker_deployment

_LOG = logging.getLogger(__name__)

GATEWAYS, WORKERS = "gateways", "workers"
#: Longest waits: for calls under way to end, and for processes to come up, seconds.
_EMPTY_S = 600.0
_UP_S = 900.0
_POLL_S = 0.1


class Renewing(Protocol):
    """The part of the workforce that is used."""

    async def renew(self, deployment: str) -> None:
        """See `Workforce.renew`."""
        ...

    async def look(self, slot: str) -> WorkerReport:
        """See `Workforce.look`."""
        ...


class Restarting:
    """Carries out one restart at a time.

    Args:
        rollcall: who is heard, and who is sent calls.
        workforce: has Serve replace processes.
        clock: seconds, monotonic.
        states: of the gateways by Serve; blocks.
    """

    def __init__(
        self,
        rollcall: Rollcall,
        workforce: Renewing,
        *,
        clock: Callable[[], float],
        states: Callable[[], dict[str, int]] = gateway_states,
    ) -> None:
        self._rollcall = rollcall
        self._workforce = workforce
        self._clock = clock
        self._states = states
        self._state = RestartState()
        self._began_s = 0.0
        self._task: asyncio.Task[None] | None = None

    async def restart(self, part: str) -> RestartState:
        """See `RestartControl.restart`."""
        if self._task is not None and not self._task.done():
            raise ConflictError(f"a restart of {self._state.asked!r} is under way: wait for it")
        if self._rollcall.is_changing:
            raise ConflictError("an edit of the registry is being prepared: restart after it")
        left = self._parts(part)
        self._began_s = self._clock()
        self._state = RestartState(asked=part, is_under_way=True, doing="begins", left=left)
        self._task = asyncio.get_running_loop().create_task(self._carry_out())
        return self._state

    async def restarting(self) -> RestartState:
        """See `RestartControl.restarting`."""
        return self._state

    def _parts(self, part: str) -> tuple[str, ...]:
        slots = tuple(sorted(self._rollcall.staff))
        if part == WORKERS:
            return slots
        if part != GATEWAYS and part not in slots:
            raise NotFoundError(
                f"there is no slot {part!r} to restart; known: {GATEWAYS}, {WORKERS}, "
                f"{', '.join(slots)}"
            )
        return (part,)

    async def _carry_out(self) -> None:
        error: str | None = None
        try:
            for part in self._state.left:
                await (self._gateways() if part == GATEWAYS else self._worker(part))
                done, left = (*self._state.done, part), self._state.left[1:]
                self._state = self._state.model_copy(update={"done": done, "left": left})
        except OrchestratorError as exc:
            error = exc.message
            _LOG.warning("the restart of %s ended early: %s", self._state.asked, error)
        doing = "nothing" if error is None else "gave up"
        self._tell(doing, is_under_way=False, error=error)

    async def _gateways(self) -> None:
        before = self._rollcall.gateways.marks().keys()
        self._tell("Serve starts new gateways; the old ones end their answers")
        tell(_LOG, "life", process="gateway", state="draining", reason=self._why)
        await self._workforce.renew(GATEWAY)

        async def are_new() -> bool:
            states = await asyncio.to_thread(self._states)
            num_new = len(self._rollcall.gateways.serving.keys() - before)
            return states.keys() == {"RUNNING"} and num_new >= states["RUNNING"]

        await self._until(are_new, within_s=_UP_S, what="gateways are not up")

    async def _worker(self, slot: str) -> None:
        old = await self._workforce.look(slot)
        self._rollcall.pause(slot)
        try:
            await self._emptied(slot)
            self._tell(f"slot {slot}: its process is replaced")
            await self._workforce.renew(worker_deployment(slot))

            async def is_back() -> bool:
                return self._rollcall.is_back(slot, other_than=old.process)

            await self._until(is_back, within_s=_UP_S, what=f"slot {slot!r} is not back")
        except OrchestratorError as exc:
            tell(_LOG, "life", process="worker", slot=slot, state="resumed", reason=exc.message)
            raise
        finally:
            self._rollcall.resume(slot)

    async def _emptied(self, slot: str) -> None:
        marks = self._rollcall.gateways.marks()
        self._tell(f"slot {slot}: calls under way end")
        tell(_LOG, "life", process="worker", slot=slot, state="draining", reason=self._why)

        async def is_empty() -> bool:
            if not self._rollcall.gateways.have_heard(marks):
                return False
            said = await self._workforce.look(slot)
            return said.state == "silent" or (said.report is not None and said.report.is_empty)

        await self._until(is_empty, within_s=_EMPTY_S, what=f"slot {slot!r} has calls under way")

    async def _until(
        self, holds: Callable[[], Coroutine[Any, Any, bool]], *, within_s: float, what: str
    ) -> None:
        deadline_s = self._clock() + within_s
        while not await holds():
            if self._clock() > deadline_s:
                raise ConflictError(f"{what} after {within_s:g} s; it is left as it is")
            self._tell(self._state.doing)
            await asyncio.sleep(_POLL_S)

    @property
    def _why(self) -> str:
        return f"an operator asked for a restart of {self._state.asked}"

    def _tell(self, doing: str, **more: object) -> None:
        if doing != self._state.doing:
            _LOG.info("restart of %s: %s", self._state.asked, doing)
        took_s = self._clock() - self._began_s
        self._state = self._state.model_copy(update={"doing": doing, "took_s": took_s, **more})

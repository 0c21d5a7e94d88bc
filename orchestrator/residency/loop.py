"""Carries a policy's decisions out for one host.

There is no thread, lock or polling: each event (a call arrives, leaves or is cancelled, a swap
ends, a deadline passes, the host dies) asks the policy again until it answers `Wait`. Decisions
are synchronous; only swaps and restarts run as tasks, and nothing is admitted meanwhile. All state
is soft: when the owner is killed its callers fail with it, and nothing is left to recover.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    SwapError,
)
from orchestrator.residency.clock import Clock, Timer
from orchestrator.residency.effects import Effects
from orchestrator.residency.places import Places, again
from orchestrator.residency.policy import (
    Add,
    Admit,
    Expire,
    HostState,
    Policy,
    Swap,
    Wait,
    arrival_order,
)

#: What a caller of a dead host is told to wait, seconds: about what a small engine needs to start.
_DEAD_RETRY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLimits:
    """Bounds of one host."""

    #: Calls the engine takes at once; more wait here.
    capacity: int = 256
    #: Calls that may wait; more are refused.
    max_queue: int = 1024
    #: How long an expert whose swap failed is not tried again, seconds.
    broken_s: float = 30.0

    def __post_init__(self) -> None:
        for name in ("capacity", "max_queue"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")


class SlotLoop:
    """Gives calls their turns on one host.

    Args:
        effects: the host, as the loop sees it.
        clock: tells the time and wakes the loop at deadlines; a running event loop is one.
        limits: what the engine takes at once and what may wait.
        policy: decides; see `residency.policy`.
    """

    def __init__(
        self,
        effects: Effects,
        *,
        clock: Clock,
        limits: LoopLimits | None = None,
        policy: Policy = arrival_order,
    ) -> None:
        self._effects = effects
        self._clock = clock
        self._limits = limits or LoopLimits()
        self._policy = policy
        self._places = Places(max_queue=self._limits.max_queue)
        self._swapping_to: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._alarm: tuple[float, Timer] | None = None
        self._broken: dict[str, tuple[EngineError, float]] = {}
        self._epoch = 0
        self._down: EngineDeadError | None = None

    @property
    def state(self) -> HostState:
        """The host as the policy sees it."""
        return HostState(
            residents=self._places.least_recent_first(self._effects.residents),
            adapters=self._effects.adapters,
            max_adapters=self._effects.max_adapters,
            in_flight=self._places.in_flight,
            capacity=self._limits.capacity,
            swapping_to=self._swapping_to,
        )

    def bound(self, limits: LoopLimits) -> None:
        """Go by other limits from now on; who waits already stays."""
        self._limits = limits
        self._places.max_queue = limits.max_queue

    @property
    def num_waiting(self) -> int:
        """Length of the queue."""
        return len(self._places.queue)

    @property
    def experts_in_use(self) -> frozenset[str]:
        """Experts that some call waits for or runs on."""
        return self._places.experts

    @property
    def down(self) -> EngineDeadError | None:
        """Why no call is taken, `None` while the host is alive."""
        return self._down

    @property
    def is_lost(self) -> bool:
        """Whether the host is dead and no restart is under way."""
        return self._down is not None and self._task is None

    @asynccontextmanager
    async def turn(
        self, expert: str, *, timeout_s: float | None = None, priority: int = 0
    ) -> AsyncIterator[float]:
        """Hold `expert` resident for the length of the block; entering waits for it.

        An `EngineDeadError` raised inside the block is taken as news about the host.

        Yields:
            Seconds waited.

        Raises:
            OverloadedError: the queue is full.
            EngineTimeoutError: `timeout_s` passed before the turn came.
            SwapError: the expert could not be made resident, now or a short while ago.
            EngineDeadError: the host is dead, or died during the wait.
        """
        self._check_taken(expert)
        place = self._places.enter(
            expert,
            now_s=self._clock.time(),
            timeout_s=timeout_s,
            priority=priority,
            epoch=self._epoch,
        )
        try:
            self._advance()
            yield await place.granted
        except EngineDeadError as error:
            if place.epoch == self._epoch:
                self._die(error)
            raise
        finally:
            self._places.leave(place)
            self._advance()

    async def settled(self) -> None:
        """Wait until the swap or restart under way, if there is one, has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def report_dead(self, error: EngineDeadError) -> None:
        """Take note of a death that a check found; while one is being handled, old news."""
        if self._down is None:
            self._die(error)

    async def close(self) -> None:
        """Fail every waiting call with `EngineDeadError` and take no more."""
        self._go_down(EngineDeadError("the slot is closing; ask another"))
        task = self._cancel_task()
        if task is not None:
            await asyncio.wait([task])

    def _advance(self) -> None:
        """Ask the policy and do as it says until it says wait."""
        while self._down is None:
            now_s = self._clock.time()
            action = self._policy(self.state, self._places.queue, now_s=now_s)
            match action:
                case Admit(ticket_id=ticket_id):
                    self._admit(ticket_id, now_s)
                case Expire(ticket_id=ticket_id):
                    self._places.expire(ticket_id, now_s=now_s)
                case Swap(expert=expert):
                    assert not self._places.in_flight, f"swap to {expert!r} with calls in flight"
                    self._begin(expert, self._effects.swap(expert))
                case Add(expert=expert, instead_of=idle):
                    self._begin(expert, self._effects.add(expert, instead_of=idle))
                case Wait(until_s=until_s):
                    self._set_alarm(until_s)
                    break
        self._effects.queued(self.num_waiting)

    def _check_taken(self, expert: str) -> None:
        """Refuse at once what would fail; a swap that fails again may cost a restart each time."""
        if self._down is not None:
            raise again(self._down)
        error, until_s = self._broken.get(expert, (None, 0.0))
        left_s = until_s - self._clock.time()
        if error is None or left_s <= 0:
            return
        raise SwapError(
            f"expert {expert!r} is not tried for another {left_s:.0f} s, since its last swap "
            f"failed: {error}",
            retry_after_s=left_s,
        ) from error

    def _admit(self, ticket_id: int, now_s: float) -> None:
        ticket = self._places.admit(ticket_id, now_s=now_s)
        assert ticket.expert in self._effects.residents, f"{ticket.expert!r} is not resident"
        self._effects.admitted(ticket, waited_s=now_s - ticket.arrived_s)

    def _set_alarm(self, until_s: float | None) -> None:
        if self._alarm is not None:
            if self._alarm[0] == until_s:
                return
            self._alarm[1].cancel()
        timer = None if until_s is None else self._clock.call_at(until_s, self._wake)
        self._alarm = None if timer is None or until_s is None else (until_s, timer)

    def _wake(self) -> None:
        self._alarm = None
        self._advance()

    def _begin(self, expert: str, swap: Coroutine[Any, Any, None]) -> None:
        assert self._swapping_to is None, f"swap to {expert!r} during one"
        self._swapping_to = expert
        began_s = self._clock.time()
        self._task = asyncio.get_running_loop().create_task(swap)
        self._task.add_done_callback(lambda task: self._swapped(task, expert, began_s))

    def _swapped(self, task: asyncio.Task[None], expert: str, began_s: float) -> None:
        error = _failure(task, what=f"the swap to expert {expert!r}")
        if task is not self._task:  # given up by a death or by `close`, which see to the rest
            return
        self._task, self._swapping_to = None, None
        if error is None and expert not in self._effects.residents:
            found = sorted(self._effects.residents)
            error = SwapError(f"the swap to expert {expert!r} left {found} resident")
        self._effects.swapped(expert, took_s=self._clock.time() - began_s, error=error)
        if isinstance(error, EngineDeadError):
            self._die(error)
        elif error is not None:
            self._broken[expert] = (error, self._clock.time() + self._limits.broken_s)
            self._places.refuse_all(error, expert=expert)
        else:
            self._broken.pop(expert, None)
        self._advance()

    def _die(self, error: EngineDeadError) -> None:
        """Fail whoever waits and ask once for a restart."""
        swap = self._cancel_task()
        self._task = asyncio.get_running_loop().create_task(self._restart(swap))
        self._task.add_done_callback(self._restarted)
        self._go_down(error)
        self._effects.died(error)

    async def _restart(self, swap: asyncio.Task[None] | None) -> None:
        if swap is not None:
            await asyncio.wait([swap])
        await self._effects.restart()

    def _go_down(self, error: EngineDeadError) -> None:
        self._epoch += 1
        retry_after_s = error.retry_after_s or _DEAD_RETRY_S
        self._down = EngineDeadError(error.message, retry_after_s=retry_after_s)
        self._down.__cause__ = error
        self._set_alarm(None)
        self._places.refuse_all(self._down)
        self._effects.queued(0)

    def _restarted(self, task: asyncio.Task[None]) -> None:
        error = _failure(task, what="the restart")
        if task is not self._task:
            return
        self._task = None
        self._effects.restarted(error)
        if error is None:
            self._down = None
            self._advance()
        else:
            self._go_down(EngineDeadError(f"{error.message}; it is not tried again"))

    def _cancel_task(self) -> asyncio.Task[None] | None:
        task, self._task, self._swapping_to = self._task, None, None
        if task is not None:
            task.cancel()
        return task


def _failure(task: asyncio.Task[None], *, what: str) -> EngineError | None:
    """How a finished task failed; what is not an engine's error means that the host is lost."""
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is None or isinstance(error, EngineError):
        return error
    dead = EngineDeadError(f"{what} ended in {type(error).__name__}: {error}")
    dead.__cause__ = error
    return dead

"""Carries a policy's decisions out for one host.

There is no thread, lock or polling: each event (a call arrives, leaves or is cancelled, a swap
ends, a deadline passes, the host dies) asks the policy again until it answers `Wait`. Decisions
are synchronous; only swaps and restarts run as tasks, and nothing is admitted meanwhile. All state
is soft: when the owner is killed its callers fail with it, and nothing is left to recover.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.costs.costs import Costs
from orchestrator.errors import EngineDeadError, EngineError, SwapError
from orchestrator.residency.actions import Add, Admit, Drain, Expire, StepAction, Wait
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.clock import Alarm, Clock
from orchestrator.residency.effects import Effects
from orchestrator.residency.estimates import Outlook, outlook_of
from orchestrator.residency.ledger import rung_after
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.places import Place, Places, Turn, again
from orchestrator.residency.policy import Policy
from orchestrator.residency.refusals import Broken, check_in_time, failure_of, told_callers
from orchestrator.residency.state import Change, EngineState, SlotState
from orchestrator.residency.steps import expert_of, step_of
from orchestrator.residency.tickets import Ticket

#: The host's name in the loop's own state: it has one.
_ENGINE = "host"


class SlotLoop:
    """Gives calls their turns on one host.

    Args:
        effects: the host, as the loop sees it.
        clock: tells the time and wakes the loop at deadlines; a running event loop is one.
        limits: what the engine takes at once and what may wait.
        costs: what steps and calls take; what is seen here is added.
        policy: decides; `Bounded` by the limits' patience where none is given.
    """

    def __init__(
        self,
        effects: Effects,
        *,
        clock: Clock,
        limits: LoopLimits | None = None,
        costs: Costs | None = None,
        policy: Policy | None = None,
    ) -> None:
        self._effects = effects
        self._clock = clock
        self._limits = limits or LoopLimits()
        self._costs = costs or Costs()
        self._chosen = policy
        self._policy = policy or Bounded(patience=self._limits.patience)
        self._places = Places(max_queue=self._limits.max_queue)
        self._change: Change | None = None
        self._draining_for: str | None = None
        self._admitted_s = self._since_s = clock.time()
        self._task: asyncio.Task[None] | None = None
        self._alarm = Alarm(clock, self._advance)
        self._broken = Broken()
        self._epoch = 0
        self._down: EngineDeadError | None = None

    @property
    def engine(self) -> EngineState:
        """The host as the policy sees it."""
        return EngineState(
            id=_ENGINE,
            lineage=_ENGINE,
            experts=self._effects.experts,
            residents=self._places.least_recent_first(self._effects.residents),
            adapters=self._effects.adapters,
            max_adapters=self._effects.max_adapters,
            in_flight=self._places.in_flight,
            admitted_s=self._admitted_s,
            capacity=self._limits.capacity,
            change=self._change,
            draining_for=self._draining_for,
            since_s=self._since_s,
            down=None if self._down is None else self._down.message,
        )

    @property
    def state(self) -> SlotState:
        """The slot as the policy sees it: this host is all it decides about."""
        return SlotState(engines=(self.engine,))

    def bound(self, limits: LoopLimits) -> None:
        """Go by other limits from now on; who waits already stays."""
        self._limits = limits
        self._policy = self._chosen or Bounded(patience=limits.patience)
        self._places.max_queue = limits.max_queue

    @property
    def num_waiting(self) -> int:
        """Length of the queue."""
        return len(self._places.queues)

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

    def since(self, moment_s: float) -> float:
        """Seconds from `moment_s` of the loop's clock until now."""
        return self._clock.time() - moment_s

    def waiting(self) -> dict[str, tuple[int, float, Outlook]]:
        """By expert: calls that wait, how long the oldest has, and where the first stands."""
        return {
            expert: (len(group), self.since(group.oldest.arrived_s), self._outlook_of(group.first))
            for expert, group in self._places.queues.groups.items()
        }

    @asynccontextmanager
    async def turn(
        self,
        expert: str,
        *,
        timeout_s: float | None = None,
        max_wait_s: float | None = None,
        priority: int = 0,
        order: int | None = None,
    ) -> AsyncIterator[Turn]:
        """Queue for `expert`; from `Turn.came` on it is held resident, until the block ends.

        An `EngineDeadError` raised inside the block is taken as news about the host.

        Yields:
            The place in the queue, whose turn the block awaits.

        Raises:
            OverloadedError: the queue is full, or `max_wait_s` cannot be kept or has passed.
            EngineTimeoutError: `timeout_s` passed before the turn came.
            SwapError: the expert could not be made resident, now or a short while ago.
            EngineDeadError: the host is dead, or died during the wait.
        """
        self._check_taken(expert)
        ticket = self._places.ticket(
            expert,
            now_s=self._clock.time(),
            timeout_s=timeout_s,
            max_wait_s=max_wait_s,
            priority=priority,
            order=order,
        )
        queues = self._places.queues
        check_in_time(ticket, self.state, queues, self._costs, now_s=ticket.arrived_s)
        place = self._places.enter(ticket, epoch=self._epoch)
        try:
            self._advance()
            yield Turn(place, outlook=self._outlook_of)
            self._note_call(place)
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
        queues = self._places.queues
        while self._down is None:
            now_s = self._clock.time()
            action = self._policy(self.state, queues, self._costs, now_s=now_s)
            match action:
                case Admit(ticket_id=ticket_id):
                    self._admit(ticket_id, now_s)
                case Expire(ticket_id=ticket_id):
                    self._places.expire(ticket_id, now_s=now_s)
                case Drain(expert=expert):
                    self._draining_for = expert
                case Wait(until_s=until_s):
                    self._alarm.set(until_s)
                    break
                case step:
                    self._begin(step)
        self._effects.queued(self.num_waiting)

    def _outlook_of(self, ticket: Ticket) -> Outlook:
        now_s = self._clock.time()
        return outlook_of(ticket, self.state, self._places.queues, self._costs, now_s=now_s)

    def _check_taken(self, expert: str) -> None:
        """Refuse at once what would fail."""
        if self._down is not None:
            raise again(self._down)
        self._broken.check(expert, now_s=self._clock.time())

    def _note_call(self, place: Place) -> None:
        """Learn from a call that was answered what such calls take."""
        if place.admitted_s is not None:
            took_s = self._clock.time() - place.admitted_s
            self._costs.observe_service(place.ticket.expert, took_s)

    def _admit(self, ticket_id: int, now_s: float) -> None:
        ticket = self._places.admit(ticket_id, now_s=now_s)
        self._admitted_s = now_s
        assert ticket.expert in self._effects.residents, f"{ticket.expert!r} is not resident"
        self._effects.admitted(ticket, waited_s=now_s - ticket.arrived_s)

    def _begin(self, step: StepAction) -> None:
        assert self._change is None, f"{step} during {self._change}"
        is_beside = isinstance(step, Add)
        assert is_beside or not self._places.in_flight, f"{step} with calls in flight"
        self._change = Change(
            step=step_of(step, self.engine),
            expert=expert_of(step),
            began_s=self._clock.time(),
            to=rung_after(step),
        )
        self._task = asyncio.get_running_loop().create_task(self._take(step))
        self._task.add_done_callback(lambda task: self._stepped(task, step))

    async def _take(self, step: StepAction) -> None:
        await self._effects.take(step)
        expert = expert_of(step)
        if expert is not None and expert not in self._effects.residents:
            found = sorted(self._effects.residents)
            raise SwapError(f"the swap to expert {expert!r} left {found} resident")

    def _stepped(self, task: asyncio.Task[None], step: StepAction) -> None:
        error = failure_of(task, what=f"the swap to expert {expert_of(step)!r}")
        if task is not self._task or self._change is None:
            return  # given up by a death or by `close`, which see to the rest
        change, self._task, self._change, self._draining_for = self._change, None, None, None
        self._since_s = self._clock.time()
        took_s = self._since_s - change.began_s
        self._effects.stepped(step, took_s=took_s, error=error)
        if isinstance(error, EngineDeadError):
            self._die(error)
        elif change.expert is not None:
            self._learn(change, took_s, error)
        self._advance()

    def _learn(self, change: Change, took_s: float, error: EngineError | None) -> None:
        expert = change.expert or ""
        if error is None:
            self._broken.mend(expert)
            self._costs.observe_step(change.step, expert, took_s)
        else:
            until_s = self._clock.time() + self._limits.broken_s
            self._broken.note(expert, error, until_s=until_s)
            self._places.refuse_all(error, expert=expert)

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
        self._down = told_callers(error)
        self._alarm.set(None)
        self._places.refuse_all(self._down)
        self._effects.queued(0)

    def _restarted(self, task: asyncio.Task[None]) -> None:
        error = failure_of(task, what="the restart")
        if task is not self._task:
            return
        self._task = None
        self._effects.restarted(error)
        if error is None:
            self._down, self._since_s = None, self._clock.time()
            self._advance()
        else:
            self._go_down(EngineDeadError(f"{error.message}; it is not tried again"))

    def _cancel_task(self) -> asyncio.Task[None] | None:
        task, self._task, self._change = self._task, None, None
        self._draining_for = None
        if task is not None:
            task.cancel()
        return task

"""Carries a policy's decisions out for one slot.

There is no thread, lock or polling: each event (a call arrives or leaves, a step ends, a deadline
passes, an engine dies) asks the policy again until it answers `Wait`, and then what is to be done
ahead of need. Decisions are synchronous; only steps run as tasks, at most one an engine. All state
is soft: when the owner is killed its callers fail with it, and nothing is left to recover.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from functools import partial

from orchestrator.costs.costs import Costs
from orchestrator.errors import EngineDeadError, OverloadedError
from orchestrator.residency.actions import (
    Action,
    Admit,
    Drain,
    Expire,
    Promote,
    Recall,
    Wait,
)
from orchestrator.residency.clock import Alarm, Clock
from orchestrator.residency.courteous import Courteous
from orchestrator.residency.decision import Decision, decision_of
from orchestrator.residency.desk import Desk
from orchestrator.residency.effects import Effects
from orchestrator.residency.errands import Errands
from orchestrator.residency.giving import Giving
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.places import Places, Wishes
from orchestrator.residency.policy import Policy
from orchestrator.residency.prefetch import adapter_ahead
from orchestrator.residency.refusals import Broken
from orchestrator.residency.roster import Roster
from orchestrator.residency.state import SlotState
from orchestrator.residency.stepping import Stepping
from orchestrator.residency.turn import Turn
from orchestrator.residency.upkeep import upkeep

#: Actions that concern one call alone: as many as calls, and no decision to be told.
_OF_CALLS = (Admit, Recall, Promote)


def _chosen_by(limits: LoopLimits) -> Policy:
    return Courteous(patience=limits.patience, beside=limits.background_beside)


class SlotLoop:
    """Gives calls their turns on the engines of one slot.

    Args:
        effects: the engines, as the loop acts on them.
        clock: tells the time and wakes the loop at deadlines; a running event loop is one.
        limits: what engines take at once and what may wait.
        costs: what steps and calls take; what is seen here is added.
        policy: decides; `Courteous` by the limits' knobs where none is given.
        hints: experts that were announced, and when.
        at_rest: called after an event, once nothing is left to be done.
    """

    def __init__(
        self,
        effects: Effects,
        *,
        clock: Clock,
        limits: LoopLimits | None = None,
        costs: Costs | None = None,
        policy: Policy | None = None,
        hints: Callable[[], Mapping[str, float]] = dict,
        at_rest: Callable[[], None] = lambda: None,
    ) -> None:
        self._effects = effects
        self._clock = clock
        self._hints = hints
        self._at_rest = at_rest
        self.limits = limits or LoopLimits()
        self.costs = costs or Costs()
        self._chosen = policy
        self._policy = policy or _chosen_by(self.limits)
        self._places = Places(max_queue=self.limits.max_queue)
        self._broken = Broken()
        #: The slot's engines; after a change of them `advance` is to be called.
        self.engines = Roster(clock=clock, limits=lambda: self.limits, broken=self._broken)
        #: Who waits, and is refused.
        self.desk = Desk(
            self._places,
            engines=self.engines,
            effects=effects,
            clock=clock,
            costs=self.costs,
            broken=self._broken,
        )
        self._stepping = Stepping(
            effects,
            desk=self.desk,
            engines=self.engines,
            clock=clock,
            costs=self.costs,
            broken=self._broken,
            advance=self.advance,
        )
        self._giving = Giving(
            self._places,
            desk=self.desk,
            engines=self.engines,
            effects=effects,
            clock=clock,
            costs=self.costs,
            died=self._stepping.die,
            advance=self.advance,
        )
        self._alarm = Alarm(clock, self.advance)
        self._wait = Wait()
        #: What is done for no call.
        self.errands = Errands(
            partial(self.turn, is_call=False), engines=self.engines, advance=self.advance
        )
        #: The last decision that was no admission, `None` before the first.
        self.decision: Decision | None = None

    @property
    def state(self) -> SlotState:
        """The slot as the policy sees it."""
        return self.engines.state

    @property
    def num_waiting(self) -> int:
        """Length of the queue."""
        return len(self.desk.queues)

    @property
    def num_in_background(self) -> int:
        """Calls that nobody waits for, among those that wait."""
        return len(self.desk.queues.background)

    @property
    def num_admitted(self) -> int:
        """Calls whose turn came, each time that it did."""
        return self._giving.num_admitted

    @property
    def num_hits(self) -> int:
        """Those of them whose expert was resident when they arrived."""
        return self._giving.num_hits

    @property
    def experts_in_use(self) -> frozenset[str]:
        """Experts that some call waits for or runs on."""
        return self._places.experts

    @property
    def num_steps(self) -> Mapping[str, int]:
        """Steps that succeeded, by their names in the cost model."""
        return dict(self._stepping.num_steps)

    @property
    def why(self) -> str:
        """Why nothing is done at present, in words."""
        return self._in_words(self._wait).why

    def bound(self, limits: LoopLimits) -> None:
        """Go by other limits from now on; who waits already stays."""
        self.limits = limits
        self._policy = self._chosen or _chosen_by(limits)
        self._places.max_queue = limits.max_queue

    def forgive(self, engine_ids: Collection[str] = ()) -> None:
        """Try experts that failed again, and these engines: what was wrong may be mended."""
        self._broken.forgive()
        for id_ in engine_ids:
            self.engines[id_].retry_at_s = self._clock.time()

    @asynccontextmanager
    async def turn(
        self, expert: str, wishes: Wishes | None = None, *, is_call: bool = True
    ) -> AsyncIterator[Turn]:
        """Queue for `expert`; from `Turn.came` on it is held resident, until the block ends.

        An `EngineDeadError` raised inside the block is taken as news about the turn's engine.

        Yields:
            The place in the queue, whose turn the block awaits.

        Raises:
            OverloadedError: the queue is full, or `max_wait_s` cannot be kept or has passed.
            EngineTimeoutError: `timeout_s` passed before the turn came.
            SwapError: the expert could not be made resident, now or a short while ago.
            EngineDeadError: every engine that could become it is down, or does not come back.
        """
        wishes = wishes or Wishes()
        try:
            place = self.desk.enter(expert, wishes)
        except OverloadedError:
            if is_call and not wishes.is_background:
                self.errands.bring_up(expert)
            raise
        try:
            self.advance()
            yield Turn(place, giver=self._giving)
            if is_call:
                self._giving.note_call(place)
        except EngineDeadError as error:
            self._giving.note_death(place, error)
            raise
        finally:
            self._giving.leave(place)
            self.advance()

    async def settled(self) -> None:
        """Wait until the steps under way, and those that follow from them, have ended."""
        while tasks := [book.task for book in self.engines if book.task is not None]:
            await asyncio.wait(tasks)

    def report_dead(self, engine_id: str, error: EngineDeadError) -> None:
        """Take note of a death that a check found; while one is being handled, old news."""
        book = self.engines.get(engine_id)
        if book is None or book.rung == "stopped":
            return
        if book.change is None or book.change.step not in {"start", "stop"}:
            self._stepping.die(book, error)

    async def close(self) -> None:
        """Fail every waiting call with `EngineDeadError`, give steps up and take no more."""
        error = EngineDeadError("the slot is closing; ask another")
        self._alarm.set(None)
        self.desk.close(error)
        await self.errands.close()
        tasks = [task for book in self.engines if (task := book.die(error)) is not None]
        if tasks:
            await asyncio.wait(tasks)
        self._effects.queued(0, num_in_background=0)

    def advance(self) -> None:
        """Do what is to be done until there is nothing; to be called when something happened."""
        while not self.desk.is_closed:
            action = self._next()
            if isinstance(action, Wait):
                self._wait = action
                self._alarm.set(action.until_s)
                for engine_id in self.engines.forget_gone(self.desk.queues.called):
                    self._effects.gone(engine_id)
                self._at_rest()
                break
            if not isinstance(action, _OF_CALLS):
                self.decision = self._in_words(action)
                self._effects.decided(self.decision)
            self._do(action)
        self.errands.noted()
        self._effects.queued(self.num_waiting, num_in_background=self.num_in_background)

    def _next(self) -> Action:
        now_s, queues, state = self._clock.time(), self.desk.queues, self.state
        action = self._policy(state, queues, self.costs, now_s=now_s)
        if not isinstance(action, Wait):
            return action
        ahead = upkeep(state, queues, now_s=now_s)
        if not isinstance(ahead, Wait):
            return ahead
        added = adapter_ahead(state, hints=self._hints(), now_s=now_s)
        if added is not None:
            return added
        times_s = [one.until_s for one in (action, ahead) if one.until_s is not None]
        return Wait(until_s=min(times_s, default=None))

    def _do(self, action: Action) -> None:
        match action:
            case Admit(ticket_id=ticket_id, engine=engine_id):
                self._giving.admit(ticket_id, self.engines[engine_id])
            case Expire(ticket_id=ticket_id):
                self.desk.expire(ticket_id)
            case Recall(ticket_ids=ticket_ids, engine=engine_id):
                for ticket_id in ticket_ids:
                    self._giving.recall(ticket_id, self.engines[engine_id])
            case Promote(ticket_id=ticket_id):
                self._places.promote(ticket_id, now_s=self._clock.time())
            case Drain(engine=engine_id, expert=expert):
                self.engines[engine_id].draining_for = expert
            case Wait():
                raise AssertionError("nothing is to be done")
            case step:
                self._stepping.begin(self.engines[step.engine], step)

    def _in_words(self, action: Action) -> Decision:
        now_s = self._clock.time()
        return decision_of(action, self.state, self.desk.queues, self.costs, now_s=now_s)

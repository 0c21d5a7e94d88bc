"""Carries steps of engines out, and takes note of how they end.

A step that fails leaves its engine serving something else (its expert is left alone for a while),
dead (it is put away, and so may start again), or as it was, because memory was lacking (somebody
steps down and it is tried once more). What does not start is left alone for a while.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.errors import EngineDeadError, EngineError, OutOfMemoryError, SwapError
from orchestrator.residency.actions import Add, Sleep, Start, StepAction, Stop, Wake
from orchestrator.residency.clock import Clock
from orchestrator.residency.desk import Desk
from orchestrator.residency.effects import Effects
from orchestrator.residency.engine_book import EngineBook
from orchestrator.residency.eviction import can_give
from orchestrator.residency.ledger import fits, rung_after
from orchestrator.residency.refusals import Broken, failure_of
from orchestrator.residency.roster import Roster
from orchestrator.residency.state import Change
from orchestrator.residency.steps import expert_of, step_of


class Stepping:
    """Takes the steps that were decided.

    Args:
        effects: the slot's engines, as they are acted on.
        desk: told whom to refuse.
        engines: what is known of each.
        clock: tells the time.
        costs: learns what steps take.
        broken: learns what failed.
        advance: has what is next decided.
    """

    def __init__(
        self,
        effects: Effects,
        *,
        desk: Desk,
        engines: Roster,
        clock: Clock,
        costs: Costs,
        broken: Broken,
        advance: Callable[[], None],
    ) -> None:
        #: Steps that succeeded, by their names in the cost model.
        self.num_steps: Counter[str] = Counter()
        self._effects = effects
        self._clock = clock
        self._costs = costs
        self._broken = broken
        self._desk = desk
        self._engines = engines
        self._advance = advance

    def begin(self, book: EngineBook, step: StepAction) -> None:
        """Begin a step; what comes of it is taken note of when it ends."""
        state = self._engines.state
        assert book.change is None, f"{step} during {book.change}"
        assert isinstance(step, Add) or not book.in_flight, f"{step} with calls in flight"
        assert not isinstance(step, Wake | Start) or fits(state, step), f"{step} overdraws"
        change = Change(
            step=step_of(step, state.engine(book.id)),
            expert=expert_of(step),
            began_s=self._clock.time(),
            to=rung_after(step),
        )
        task = asyncio.get_running_loop().create_task(self._take(book, step))
        book.begin(change, task)
        task.add_done_callback(lambda task: self._ended(book, step, task))

    def die(self, book: EngineBook, error: EngineError) -> None:
        """An engine was found dead: put it away, so that it can start again."""
        step = book.die(error)
        change = Change(step="stop", began_s=self._clock.time(), to="stopped")
        task = asyncio.get_running_loop().create_task(self._bury(book, step))
        book.begin(change, task)
        task.add_done_callback(lambda task: self._buried(book, task))
        self._effects.died(book.id, error)

    async def _take(self, book: EngineBook, step: StepAction) -> None:
        await self._effects.take(step)
        expert, berth = expert_of(step), book.berth
        if expert in berth.experts and expert not in berth.residents:
            found = sorted(berth.residents)
            raise SwapError(f"the swap to expert {expert!r} left {found} resident")

    async def _bury(self, book: EngineBook, step: asyncio.Task[None] | None) -> None:
        if step is not None:
            await asyncio.wait([step])
        await self._effects.take(Stop(engine=book.id))

    def _buried(self, book: EngineBook, task: asyncio.Task[None]) -> None:
        if task is not book.task:
            return  # given up by `close`
        book.end(now_s=self._clock.time())
        if "stopped" not in book.berth.rungs and book.trouble is not None:
            book.fail(book.trouble, retry_at_s=inf)
            self._desk.strand(book)
        self._advance()

    def _ended(self, book: EngineBook, step: StepAction, task: asyncio.Task[None]) -> None:
        error = failure_of(task, what=_told(step))
        if task is not book.task or book.change is None:
            return  # given up by a death or by `close`, which see to the rest
        change, now_s = book.change, self._clock.time()
        took_s = now_s - change.began_s
        book.end(now_s=now_s)
        self._effects.stepped(step, took_s=took_s, error=error)
        if error is None:
            self._succeeded(book, change, took_s)
        else:
            self._failed(book, step, error)
        self._advance()

    def _succeeded(self, book: EngineBook, change: Change, took_s: float) -> None:
        self.num_steps[change.step] += 1
        if change.to == "serving":
            book.serve()
        if change.expert is not None:
            self._broken.mend(change.expert)
            self._costs.observe_step(change.step, change.expert, took_s)

    def _failed(self, book: EngineBook, step: StepAction, error: EngineError) -> None:
        expert = expert_of(step) or ""
        if isinstance(step, Sleep) and isinstance(error, SwapError):
            book.refused_rungs.add(step.rung)
        elif isinstance(step, Wake | Start) and isinstance(error, OutOfMemoryError):
            self._ran_out(book, expert, error)
        elif isinstance(step, Start) and book.rung == "stopped":
            self._not_started(book, expert, error)
        elif isinstance(error, EngineDeadError):
            self._killed(book, expert, error)
        elif not isinstance(step, Stop):
            if book.rung == "serving":
                book.serve()
            self._leave_alone(expert, error)

    def _ran_out(self, book: EngineBook, expert: str, error: EngineError) -> None:
        """Have somebody step down and try once more; the second time, end the engine."""
        state = self._engines.state
        is_first = book.denied_gib is None
        others = (one for one in state.engines if one.id != book.id)
        if is_first and self._desk.is_called(expert) and any(map(can_give, others)):
            self._engines.deny(book)
            return
        self._give_up(book, error)
        if book.rung != "stopped":
            self.begin(book, Stop(engine=book.id))

    def _not_started(self, book: EngineBook, expert: str, error: EngineError) -> None:
        """Leave it alone for a while; one that came up before may do so with another expert."""
        if isinstance(error, SwapError):
            self._leave_alone(expert, error)
        broken = self._broken.now(now_s=self._clock.time())
        has_others = any(one not in broken for one in book.berth.experts)
        is_experts_fault = isinstance(error, SwapError) and book.last_expert is not None
        self._give_up(book, error, is_at_once=is_experts_fault and has_others)

    def _killed(self, book: EngineBook, expert: str, error: EngineError) -> None:
        """The engine died in a step; the second time with the same expert, that one is refused."""
        if expert and self._broken.suspect(expert):
            self._leave_alone(expert, error)
        self.die(book, error)

    def _give_up(self, book: EngineBook, error: EngineError, *, is_at_once: bool = False) -> None:
        now_s = self._clock.time()
        if book.death is not None:
            told = f"engine {book.id!r} does not restart: {error}; it had died: {book.death}"
            book.death, error = None, EngineDeadError(told)
        book.fail(error, retry_at_s=now_s + (0 if is_at_once else self._engines.limits.retry_s))
        if not is_at_once:
            self._desk.strand(book)

    def _leave_alone(self, expert: str, error: EngineError) -> None:
        until_s = self._clock.time() + self._engines.limits.broken_s
        self._broken.note(expert, error, until_s=until_s)
        self._desk.refuse(expert, error)


def _told(step: StepAction) -> str:
    match step:
        case Start():
            return f"the start of engine {step.engine!r}"
        case Sleep() | Stop():
            return f"the {type(step).__name__.lower()} of engine {step.engine!r}"
        case _:
            return f"the swap to expert {step.expert!r}"

"""What one engine of a slot is doing: the loop's book of it, which decides nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType

from orchestrator.errors import EngineError
from orchestrator.residency.effects import Berth
from orchestrator.residency.state import Change, EngineState, Rung
from orchestrator.residency.tickets import Ticket

#: Experts whose last turn is remembered: more than any engine holds adapters.
_MAX_TURNS = 1024


@dataclass(slots=True, kw_only=True)
class EngineBook:
    """One engine, from the moment the slot knows of it until it is forgotten."""

    id: str
    berth: Berth
    #: Its lives so far: what ends in an earlier one is old news.
    epoch: int = 0
    in_flight: Counter[str] = field(default_factory=Counter)
    #: Those of them that nobody waits for, and which of these were called back.
    background: dict[int, Ticket] = field(default_factory=dict)
    recalled: set[int] = field(default_factory=set)
    #: When the last call that somebody waits for was admitted, and when one was or ended.
    admitted_s: float
    foreground_s: float = -inf
    since_s: float
    change: Change | None = None
    draining_for: str | None = None
    #: The step under way.
    task: asyncio.Task[None] | None = None
    has_slept: bool = False
    is_wanted: bool = True
    is_resting: bool = False
    is_surplus: bool = False
    last_expert: str | None = None
    #: Why it died or did not start, `None` once it serves again.
    trouble: EngineError | None = None
    #: What it died of, where that is why it starts.
    death: str | None = None
    retry_at_s: float = 0.0
    denied_gib: float | None = None
    #: Rungs that it turned out not to take.
    refused_rungs: set[Rung] = field(default_factory=set)
    #: Experts in the order of their last turns here.
    _turns: dict[str, None] = field(default_factory=dict)
    _num_turns: int = 0
    _state: EngineState | None = None
    _seen: tuple[object, ...] = ()

    @property
    def rung(self) -> Rung:
        """Where it stands, apart from a step under way."""
        return self.berth.rung

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs on it and no step is under way."""
        return self.change is None and not self.in_flight

    @property
    def is_gone(self) -> bool:
        """Whether it is to be forgotten: nobody wants it, and it has ended."""
        return not self.is_wanted and self.is_idle and self.rung == "stopped"

    def is_down(self, now_s: float) -> bool:
        """Whether it failed and is not tried again yet."""
        return self.trouble is not None and self.rung != "serving" and self.retry_at_s > now_s

    def state(self, *, capacity: int, pinned: Collection[str], now_s: float) -> EngineState:
        """The engine as a policy sees it; what is pinned there is all that it can be.

        Asked several times a call, so it is made again only when something has changed; calls in
        flight are seen through it.
        """
        seen = self._seen_now(capacity, pinned, now_s)
        if self._state is None or seen != self._seen:
            self._state = self._made(capacity=capacity, pinned=pinned, now_s=now_s)
            self._seen = seen
        return self._state

    def admit(self, ticket: Ticket, *, now_s: float) -> None:
        """One more call of a resident runs."""
        expert = ticket.expert
        assert expert in self.berth.residents, f"{expert!r} is not resident on {self.id!r}"
        self.in_flight[expert] += 1
        if ticket.is_background:
            self.background[ticket.id] = ticket
        else:
            self.admitted_s = self.foreground_s = now_s
        self.is_resting = False
        self._num_turns += 1
        self._turns.pop(expert, None)
        self._turns[expert] = None
        if len(self._turns) > _MAX_TURNS:
            del self._turns[next(iter(self._turns))]

    def leave(self, ticket: Ticket, *, now_s: float) -> None:
        """A call that ran has ended, or let go of the engine."""
        self.in_flight[ticket.expert] -= 1
        self.in_flight += Counter()  # drops what is down to zero
        if self.background.pop(ticket.id, None) is None:
            self.foreground_s = now_s
        self.recalled.discard(ticket.id)

    def begin(self, change: Change, task: asyncio.Task[None]) -> None:
        """A step is under way."""
        self.change, self.task = change, task

    def end(self, *, now_s: float) -> None:
        """The step under way has ended, however it did."""
        self.change, self.task, self.draining_for = None, None, None
        self.since_s = now_s
        self.has_slept = self.rung == "asleep" or (self.has_slept and self.rung != "stopped")
        if self.rung != "serving":
            self.is_surplus = False
        elif self.berth.residents:
            self.last_expert = next(iter(self.berth.residents))

    def serve(self) -> None:
        """It came up: what was wrong before is over."""
        self.trouble, self.death, self.retry_at_s, self.denied_gib = None, None, 0.0, None
        self.is_resting = False

    def fail(self, error: EngineError, *, retry_at_s: float) -> None:
        """It does not come up, and is left alone until then."""
        self.trouble, self.retry_at_s, self.denied_gib = error, retry_at_s, None

    def die(self, error: EngineError) -> asyncio.Task[None] | None:
        """It is dead: nothing runs on it any more; the step that was under way is cancelled."""
        task, self.task, self.change, self.draining_for = self.task, None, None, None
        self.epoch += 1
        self.in_flight.clear()
        self.background.clear()
        self.recalled.clear()
        self.trouble, self.death, self.retry_at_s, self.denied_gib = error, str(error), 0.0, None
        if task is not None:
            task.cancel()
        return task

    def _seen_now(self, capacity: int, pinned: Collection[str], now_s: float) -> tuple[object, ...]:
        """All that a state is made of; most of it is the same object as the last time."""
        berth = self.berth
        return (
            self.epoch,
            berth.residents,
            berth.rung,
            berth.experts,
            berth.starters,
            berth.footprints,
            self.change,
            self.draining_for,
            self.since_s,
            self.admitted_s,
            self.foreground_s,
            self._num_turns,
            self.trouble is not None and (self.trouble, self.is_down(now_s), self.retry_at_s),
            self.is_wanted,
            self.is_resting,
            self.is_surplus,
            self.last_expert,
            self.denied_gib,
            len(self.refused_rungs),
            capacity,
            pinned,
        )

    def _made(self, *, capacity: int, pinned: Collection[str], now_s: float) -> EngineState:
        berth = self.berth
        residents = self._least_recent_first(berth.residents)
        experts: Collection[str] = berth.experts
        adapters = berth.adapters
        if pinned and self.is_wanted and any(one in pinned for one in residents):
            experts = frozenset((*residents, *adapters))
        down = self.trouble.message if self.trouble and self.is_down(now_s) else None
        return EngineState(
            id=self.id,
            lineage=berth.lineage,
            experts=experts,
            weights_by_adapter=berth.weights_by_adapter,
            rung=berth.rung,
            rungs=self._rungs(),
            residents=residents,
            adapters=adapters,
            max_adapters=berth.max_adapters,
            in_flight=MappingProxyType(self.in_flight),
            background=MappingProxyType(self.background),
            recalled=self.recalled,
            admitted_s=self.admitted_s,
            foreground_s=self.foreground_s,
            capacity=capacity,
            change=self.change,
            draining_for=self.draining_for,
            since_s=self.since_s,
            footprints=berth.footprints,
            has_slept=self.has_slept,
            down=down,
            retry_at_s=self.retry_at_s,
            is_wanted=self.is_wanted,
            is_resting=self.is_resting,
            is_surplus=self.is_surplus,
            pinned=pinned,
            starters=berth.starters,
            last_expert=self.last_expert,
            denied_gib=self.denied_gib,
        )

    def _rungs(self) -> tuple[Rung, ...]:
        rungs = self.berth.rungs
        if not self.refused_rungs:
            return rungs
        return tuple(rung for rung in rungs if rung not in self.refused_rungs)

    def _least_recent_first(self, experts: Collection[str]) -> tuple[str, ...]:
        """These experts in the order of their last turns; those that had none come first."""
        if len(experts) < 2:
            return tuple(experts)
        rank_by_expert = {expert: rank for rank, expert in enumerate(self._turns)}
        return tuple(sorted(experts, key=lambda expert: rank_by_expert.get(expert, -1)))

"""The engines of a slot: what is known of each, which are wanted, and the memory they share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from orchestrator.residency.clock import Clock
from orchestrator.residency.effects import Berth
from orchestrator.residency.engine_book import EngineBook
from orchestrator.residency.ledger import has_room, usage
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.refusals import Broken
from orchestrator.residency.state import EngineState, Footprint, SlotState


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a slot has for its engines."""

    device_gib: float = inf
    host_gib: float = inf
    #: Engines that may start at a time.
    at_once: int = 1
    #: Whether steps that take or give memory are made one at a time: an engine on an accelerator
    #: measures what is free before and after its own.
    moves_alone: bool = False


class Roster:
    """Every engine's book, in the order in which they come up ahead of need.

    Args:
        clock: tells the time.
        limits: what engines take at once.
        broken: experts that failed.
    """

    def __init__(self, *, clock: Clock, limits: Callable[[], LoopLimits], broken: Broken) -> None:
        self.room = Room()
        self._clock = clock
        self._limits = limits
        self._broken = broken
        self._books: dict[str, EngineBook] = {}
        self._pinned: frozenset[str] = frozenset()
        self._ahead_gib = inf

    def __iter__(self) -> Iterator[EngineBook]:
        return iter(self._books.values())

    def __contains__(self, engine_id: object) -> bool:
        return engine_id in self._books

    def __getitem__(self, engine_id: str) -> EngineBook:
        return self._books[engine_id]

    def get(self, engine_id: str | None) -> EngineBook | None:
        """The engine of this id, if it is here."""
        return None if engine_id is None else self._books.get(engine_id)

    @property
    def limits(self) -> LoopLimits:
        """What the slot goes by."""
        return self._limits()

    @property
    def state(self) -> SlotState:
        """The slot as the policy sees it."""
        now_s, capacity = self._clock.time(), self._limits().capacity
        return SlotState(
            engines=tuple(
                book.state(capacity=capacity, pinned=self._pinned, now_s=now_s) for book in self
            ),
            device_gib=self.room.device_gib,
            host_gib=self.room.host_gib,
            ahead_gib=self._ahead_gib,
            at_once=self.room.at_once,
            moves_alone=self.room.moves_alone,
            broken=self.broken.keys(),
        )

    @property
    def broken(self) -> Mapping[str, str]:
        """Experts that are left alone for now, and why."""
        return self._broken.now(now_s=self._clock.time())

    def take_in(self, engine_id: str, berth: Berth) -> None:
        """One more engine, wherever it stands."""
        assert engine_id not in self._books, f"engine {engine_id!r} is taken in twice"
        now_s = self._clock.time()
        self._books[engine_id] = EngineBook(
            id=engine_id,
            berth=berth,
            admitted_s=now_s,
            since_s=now_s,
            last_expert=next(iter(berth.residents), None),
        )

    def want(self, engine_ids: Sequence[str], *, room: Room) -> None:
        """Hold these engines, in this order, and no others.

        Others answer who waits for what no wanted one can become, end, and are forgotten.
        """
        wanted = {id_: self._books[id_] for id_ in engine_ids}
        self._books = {**wanted, **self._books}
        self.room, self._ahead_gib = room, inf
        for id_, book in self._books.items():
            book.is_wanted = id_ in wanted
        for id_ in _surplus(self.state):
            self._books[id_].is_surplus = True

    def deny(self, book: EngineBook) -> None:
        """An engine found too little memory: less must be held before it is tried again.

        Until the next assignment nothing comes up ahead of need beyond what is held now.
        """
        book.denied_gib = self._ahead_gib = usage(self.state).device_gib

    def forget_gone(self, called: Collection[str]) -> Iterator[str]:
        """Drop engines that are not wanted and have ended, unless one of them is called."""
        for book in [one for one in self if one.is_gone]:
            if not any(expert in called for expert in book.berth.experts):
                del self._books[book.id]
                yield book.id

    def holding(self, expert: str) -> list[EngineBook]:
        """Engines on which `expert` is resident, awake or not."""
        return [book for book in self if expert in book.berth.residents]

    def is_resident(self, expert: str) -> bool:
        """Whether an engine answers for `expert` without a step, and goes on doing so."""
        return any(
            book.rung == "serving" and book.draining_for is None for book in self.holding(expert)
        )

    def is_served(self, expert: str) -> bool:
        """Whether an engine that serves can become `expert` by a swap at most."""
        return any(book.rung == "serving" and expert in book.berth.experts for book in self)

    def can_serve(self, expert: str) -> bool:
        """Whether an engine that is not down can become `expert`."""
        now_s = self._clock.time()
        return any(expert in book.berth.experts and not book.is_down(now_s) for book in self)

    def pin(self, expert: str) -> None:
        """Keep `expert` wherever it is resident: no swap or step down takes it away."""
        self._pinned |= {expert}

    def unpin(self, expert: str) -> None:
        """Let it be treated like others again."""
        self._pinned -= {expert}


def _surplus(state: SlotState) -> Iterator[str]:
    """Engines that must step down for the others to fit the slot, the last wanted first."""
    for engine in reversed(state.engines):
        if has_room(state):
            return
        if engine.rung != "stopped":
            state = replace(state, engines=tuple(_without(engine, one) for one in state.engines))
            yield engine.id


def _without(leaving: EngineState, one: EngineState) -> EngineState:
    if one is not leaving:
        return one
    return replace(one, change=None, footprints={one.rung: Footprint()}, has_slept=False)

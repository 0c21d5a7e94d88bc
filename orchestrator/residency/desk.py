"""Where callers ask for a turn: who is let wait, who is refused and why, who leaves."""

from __future__ import annotations

from orchestrator.costs.costs import Costs
from orchestrator.errors import EngineDeadError, EngineError
from orchestrator.residency.clock import Clock
from orchestrator.residency.effects import Effects
from orchestrator.residency.engine_book import EngineBook
from orchestrator.residency.estimates import Outlook, outlook_of
from orchestrator.residency.places import Place, Places, Wishes, again
from orchestrator.residency.prospects import expected_waits_s
from orchestrator.residency.queues import Queues
from orchestrator.residency.refusals import Broken, check_able, check_in_time, told_callers
from orchestrator.residency.roster import Roster
from orchestrator.residency.tickets import Ticket


class Desk:
    """Every caller's place, and what is said to those that get none.

    Args:
        places: who waits and who runs.
        engines: what the slot has.
        effects: told of refusals.
        clock: tells the time.
        costs: what waits are estimated by.
        broken: experts that are left alone.
    """

    def __init__(
        self,
        places: Places,
        *,
        engines: Roster,
        effects: Effects,
        clock: Clock,
        costs: Costs,
        broken: Broken,
    ) -> None:
        self._places = places
        self._engines = engines
        self._effects = effects
        self._clock = clock
        self._costs = costs
        self._broken = broken
        self._closed: EngineError | None = None

    @property
    def queues(self) -> Queues:
        """Who waits."""
        return self._places.queues

    @property
    def is_closed(self) -> bool:
        """Whether nobody is let wait any more."""
        return self._closed is not None

    def is_called(self, expert: str) -> bool:
        """Whether a call waits for `expert`."""
        return expert in self.queues.called

    def since(self, moment_s: float) -> float:
        """Seconds from `moment_s` of the clock until now."""
        return self._clock.time() - moment_s

    def waiting(self) -> dict[str, tuple[int, float, float]]:
        """By expert: calls that wait, how long the oldest has, and the first's time to its turn."""
        now_s, groups = self._clock.time(), self.queues.groups
        waits_s = expected_waits_s(self._engines.state, self.queues, self._costs, now_s=now_s)
        return {
            expert: (len(group), now_s - group.oldest.arrived_s, waits_s[expert])
            for expert, group in groups.items()
        }

    def outlook_of(self, ticket: Ticket) -> Outlook:
        """Where a ticket stands now."""
        now_s, state = self._clock.time(), self._engines.state
        return outlook_of(ticket, state, self.queues, self._costs, now_s=now_s)

    def enter(self, expert: str, wishes: Wishes) -> Place:
        """Let a caller wait.

        Raises:
            OverloadedError: the queue is full, or its wait would be too long.
            SwapError: the expert is left alone for now.
            EngineDeadError: every engine that could become it is down, or the slot closes.
        """
        ticket = self._places.ticket(expert, wishes, now_s=self._clock.time())
        try:
            self._check(ticket)
        except EngineError as error:
            self._effects.refused(ticket, error, waited_s=None)
            raise
        return self._places.enter(ticket, is_hit=self._engines.is_resident(expert))

    def expire(self, ticket_id: int) -> None:
        """Refuse a ticket whose time is up."""
        ticket = self.queues[ticket_id]
        error = self._places.expire(ticket_id, now_s=self._clock.time())
        self._effects.refused(ticket, error, waited_s=self.since(ticket.arrived_s))

    def refuse(self, expert: str, error: EngineError) -> None:
        """Refuse whoever waits for `expert`."""
        for ticket in [one for one in self.queues.all if one.expert == expert]:
            self._refuse(ticket, error)

    def strand(self, book: EngineBook) -> None:
        """Refuse whoever waits for what only this engine, which is down, could become."""
        for expert in self.queues.called:
            if expert in book.berth.experts and not self._engines.can_serve(expert):
                self.refuse(expert, told_callers(book, now_s=self._clock.time()))

    def close(self, error: EngineDeadError) -> None:
        """Refuse everybody, now and from now on."""
        self._closed = error
        for ticket in self.queues.all:
            self._refuse(ticket, error)

    def leave(self, place: Place) -> None:
        """Forget a caller; one that waits hung up."""
        if self._places.leave(place):
            self._effects.left(place.ticket, waited_s=self.since(place.ticket.arrived_s))

    def _check(self, ticket: Ticket) -> None:
        now_s = ticket.arrived_s
        if self._closed is not None:
            raise again(self._closed)
        self._broken.check(ticket.expert, now_s=now_s)
        check_able(ticket.expert, self._engines, now_s=now_s)
        self._places.check_room(ticket, now_s=now_s)
        check_in_time(ticket, self._engines.state, self.queues, self._costs, now_s=now_s)

    def _refuse(self, ticket: Ticket, error: EngineError) -> None:
        self._places.refuse(ticket.id, error)
        self._effects.refused(ticket, error, waited_s=self.since(ticket.arrived_s))

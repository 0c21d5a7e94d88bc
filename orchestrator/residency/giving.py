"""Who has a turn on which engine: given, called back, given back, and lost with an engine."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.costs.costs import Costs
from orchestrator.errors import EngineDeadError
from orchestrator.residency.clock import Clock
from orchestrator.residency.desk import Desk
from orchestrator.residency.effects import Effects
from orchestrator.residency.engine_book import EngineBook
from orchestrator.residency.estimates import Outlook
from orchestrator.residency.places import Place, Places
from orchestrator.residency.roster import Roster
from orchestrator.residency.tickets import Ticket


class Giving:
    """`TurnGiver` of a slot's loop.

    Args:
        places: who waits and who runs.
        desk: says where who waits stands.
        engines: what the slot has.
        effects: told of admissions.
        clock: tells the time.
        costs: what is seen of calls is added.
        died: takes note that an engine died.
        advance: asks the policy again.
    """

    def __init__(
        self,
        places: Places,
        *,
        desk: Desk,
        engines: Roster,
        effects: Effects,
        clock: Clock,
        costs: Costs,
        died: Callable[[EngineBook, EngineDeadError], None],
        advance: Callable[[], None],
    ) -> None:
        self._places = places
        self._desk = desk
        self._engines = engines
        self._effects = effects
        self._clock = clock
        self._costs = costs
        self._died = died
        self._advance = advance
        #: Calls whose turn came, and those whose expert was resident when they arrived.
        self.num_admitted = self.num_hits = 0

    def admit(self, ticket_id: int, book: EngineBook) -> None:
        """Let a call that waits run on an engine."""
        now_s = self._clock.time()
        place = self._places.admit(ticket_id, engine=book.id, epoch=book.epoch, now_s=now_s)
        book.admit(place.ticket, now_s=now_s)
        self.num_admitted += 1
        self.num_hits += place.is_hit
        waited_s = now_s - place.ticket.arrived_s
        self._effects.admitted(place.ticket, engine=book.id, waited_s=waited_s, is_hit=place.is_hit)

    def recall(self, ticket_id: int, book: EngineBook) -> None:
        """Have a background call let go of its engine."""
        self._effects.recalled(book.background[ticket_id], engine=book.id)
        book.recalled.add(ticket_id)
        self._places.recall(ticket_id)

    def outlook_of(self, ticket: Ticket) -> Outlook:
        """See `TurnGiver`."""
        return self._desk.outlook_of(ticket)

    def engine_of(self, place: Place) -> str:
        """See `TurnGiver`."""
        assert place.engine is not None, "its turn has not come"
        if self._book_of(place) is None:
            call = f"a call for expert {place.ticket.expert!r}"
            raise EngineDeadError(f"engine {place.engine!r} died before it began with {call}")
        return place.engine

    def lose(self, place: Place, error: EngineDeadError) -> bool:
        """See `TurnGiver`."""
        self.note_death(place, error)
        if place.was_retried or self._is_lost(place):
            return False
        place.was_retried = True
        self._places.put_back(place)
        self._advance()
        return True

    def give_back(self, place: Place) -> None:
        """See `TurnGiver`."""
        self._let_go(place)
        if self._is_lost(place):
            expert = place.ticket.expert
            raise EngineDeadError(f"expert {expert!r} can be had at this slot no more; ask another")
        self._places.put_back(place)
        self._advance()

    def leave(self, place: Place) -> None:
        """Forget a caller, waiting or running."""
        self._desk.leave(place)
        self._let_go(place)

    def note_call(self, place: Place) -> None:
        """Learn from a call that was answered what such calls take.

        What nobody waits for runs in other company, and is no measure for what somebody does.
        """
        if place.admitted_s is not None and not place.ticket.is_background:
            took_s = self._desk.since(place.admitted_s)
            self._costs.observe_service(place.ticket.expert, took_s)

    def note_death(self, place: Place, error: EngineDeadError) -> None:
        """Learn from a call that its engine is dead."""
        book = self._book_of(place)
        if book is not None:
            self._died(book, error)

    def _is_lost(self, place: Place) -> bool:
        """Whether it would wait in vain."""
        return self._desk.is_closed or not self._engines.can_serve(place.ticket.expert)

    def _let_go(self, place: Place) -> None:
        book = self._book_of(place)
        if book is not None:
            book.leave(place.ticket, now_s=self._clock.time())

    def _book_of(self, place: Place) -> EngineBook | None:
        """The engine that a place runs on, unless it died since."""
        book = self._engines.get(place.engine)
        return book if book is not None and book.epoch == place.epoch else None

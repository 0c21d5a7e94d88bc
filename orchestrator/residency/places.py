"""Who waits at a slot and who runs on it: the loop's book, which decides nothing."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from orchestrator.errors import (
    EngineError,
    EngineTimeoutError,
    OrchestratorError,
    OverloadedError,
)
from orchestrator.residency.estimates import retry_after_s
from orchestrator.residency.queues import Queues
from orchestrator.residency.tickets import Ticket

E = TypeVar("E", bound=OrchestratorError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a caller asks of its wait."""

    #: The whole time of its call.
    timeout_s: float | None = None
    #: By when its turn must have come.
    max_wait_s: float | None = None
    #: Advice of a batch, higher is sooner.
    priority: int = 0
    #: Its place in its caller's plan, lower is sooner.
    order: int | None = None
    #: Nobody waits for it, so it has no bound and gives way.
    is_background: bool = False


@dataclass(slots=True, kw_only=True)
class Place:
    """A ticket and the caller behind it, from arrival until it leaves."""

    ticket: Ticket
    #: Resolves to the seconds waited, or to why there is no turn.
    granted: asyncio.Future[float]
    #: Whether its expert was resident when it arrived.
    is_hit: bool
    #: The engine its turn came on, `None` while it waits.
    engine: str | None = None
    #: The life of that engine; the death of an earlier one is old news.
    epoch: int = 0
    #: When its turn came, `None` while it waits.
    admitted_s: float | None = None
    #: Whether it lost an engine already and waits, or runs, for the second time.
    was_retried: bool = False
    #: Whether its turn was called back, and who is told of it.
    is_recalled: bool = False
    on_recall: Callable[[], None] | None = None

    def recall(self) -> None:
        """Have its caller let go of the engine."""
        self.is_recalled = True
        if self.on_recall is not None:
            self.on_recall()


class Places:
    """Every caller's place, waiting or running, at one slot.

    Args:
        max_queue: calls that may wait; more are refused.
    """

    def __init__(self, *, max_queue: int) -> None:
        self.max_queue = max_queue
        self._ids = count(1)
        self._places: dict[int, Place] = {}
        #: The tickets that wait; read by the policy, written here alone.
        self.queues = Queues()
        self._last_wait_s = 0.0

    @property
    def experts(self) -> frozenset[str]:
        """Experts that some call waits for or runs on."""
        return frozenset(place.ticket.expert for place in self._places.values())

    def ticket(self, expert: str, wishes: Wishes, *, now_s: float) -> Ticket:
        """A ticket for a caller that arrives now, who does not wait yet."""
        timeout_s, max_wait_s = wishes.timeout_s, wishes.max_wait_s
        if wishes.is_background:
            timeout_s = max_wait_s = None
        return Ticket(
            id=next(self._ids),
            expert=expert,
            arrived_s=now_s,
            deadline_s=None if timeout_s is None else now_s + timeout_s,
            bound_s=None if max_wait_s is None else now_s + max_wait_s,
            priority=wishes.priority,
            order=wishes.order,
            is_background=wishes.is_background,
        )

    def check_room(self, ticket: Ticket, *, now_s: float) -> None:
        """Raise `OverloadedError` where the queue is full."""
        if len(self.queues.beside(ticket)) >= self.max_queue:
            raise self._full(ticket, now_s)

    def enter(self, ticket: Ticket, *, is_hit: bool) -> Place:
        """Have the caller behind `ticket` wait; a hit finds its expert resident."""
        granted = asyncio.get_running_loop().create_future()
        place = Place(ticket=ticket, granted=granted, is_hit=is_hit)
        self._places[ticket.id] = place
        self.queues.add(ticket)
        return place

    def admit(self, ticket_id: int, *, engine: str, epoch: int, now_s: float) -> Place:
        """Move a ticket from the queue to an engine and tell its caller."""
        ticket = self._take(ticket_id)
        place = self._places[ticket_id]
        self._last_wait_s = now_s - ticket.arrived_s
        place.engine, place.epoch, place.admitted_s = engine, epoch, now_s
        if not place.granted.done():  # a cancelled caller frees its turn when it leaves
            place.granted.set_result(self._last_wait_s)
        return place

    def put_back(self, place: Place) -> None:
        """Have a caller whose engine died wait again, where it would stand had it never run."""
        place.granted = asyncio.get_running_loop().create_future()
        place.engine, place.admitted_s, place.is_recalled = None, None, False
        self.queues.put_back(place.ticket)

    def recall(self, ticket_id: int) -> None:
        """Have the caller of a ticket that runs let go of its engine."""
        self._places[ticket_id].recall()

    def promote(self, ticket_id: int, *, now_s: float) -> None:
        """Let a background call that waits count like one that arrives now."""
        self._places[ticket_id].ticket = self.queues.promote(ticket_id, now_s=now_s)

    def expire(self, ticket_id: int, *, now_s: float) -> EngineError:
        """Refuse a ticket whose time is up, naming where in the queue it stood."""
        error = self._overdue(ticket_id, now_s)
        self.refuse(ticket_id, error)
        return error

    def refuse(self, ticket_id: int, error: EngineError) -> None:
        """Tell the caller of a ticket that waits why it gets no turn."""
        self._take(ticket_id)
        place = self._places[ticket_id]
        if not place.granted.done():
            place.granted.set_exception(again(error))

    def leave(self, place: Place) -> bool:
        """Forget a caller; returns whether it left while it waited."""
        if place.granted.done() and not place.granted.cancelled():
            place.granted.exception()  # a caller cancelled meanwhile will never look at it
        del self._places[place.ticket.id]
        return self.queues.remove(place.ticket.id) is not None

    def _take(self, ticket_id: int) -> Ticket:
        ticket = self.queues.remove(ticket_id)
        assert ticket is not None, f"ticket {ticket_id} does not wait"
        return ticket

    def _overdue(self, ticket_id: int, now_s: float) -> EngineError:
        ticket = self.queues[ticket_id]
        queue = self.queues.beside(ticket)
        position = [one.id for one in queue].index(ticket_id) + 1
        where = f"at position {position} of {len(queue)} in the queue"
        waited_s = now_s - ticket.arrived_s
        retry_after_s = self._retry_after_s(now_s)
        if ticket.deadline_s is None or ticket.due_s < ticket.deadline_s:
            return OverloadedError(
                f"expert {ticket.expert!r} could not be had within {waited_s:.1f} s, the longest "
                f"wait allowed (max_wait_s); the call was {where}; try again later",
                reason="bound_passed",
                retry_after_s=retry_after_s,
            )
        return EngineTimeoutError(
            f"the call waited {waited_s:.1f} s for expert {ticket.expert!r}, its whole time, and "
            f"was {where}",
            retry_after_s=retry_after_s,
        )

    def _full(self, ticket: Ticket, now_s: float) -> OverloadedError:
        num_calls = len(self.queues.beside(ticket))
        return OverloadedError(
            f"expert {ticket.expert!r}: {num_calls} calls wait at its slot, the most allowed "
            "(defaults.max_queue); try again later",
            reason="queue_full",
            retry_after_s=self._retry_after_s(now_s),
        )

    def _retry_after_s(self, now_s: float) -> float:
        return retry_after_s(self.queues, now_s=now_s, last_wait_s=self._last_wait_s)


def again(error: E) -> E:
    """A copy to raise in one more task: a traceback belongs to one raise."""
    twin = copy.copy(error)
    twin.__cause__ = error.__cause__
    return twin

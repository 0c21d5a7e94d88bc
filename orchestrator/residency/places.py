"""Who waits at a host and who runs on it: the loop's book, which decides nothing."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import TypeVar

from orchestrator.errors import (
    EngineError,
    EngineTimeoutError,
    OrchestratorError,
    OverloadedError,
)
from orchestrator.residency.estimates import Outlook, retry_after_s
from orchestrator.residency.tickets import Queues, Ticket

E = TypeVar("E", bound=OrchestratorError)

#: Experts whose last turn is remembered: more than any engine holds adapters.
_MAX_TURNS = 1024


@dataclass(slots=True, kw_only=True)
class Place:
    """A ticket and the caller behind it, from arrival until it leaves."""

    ticket: Ticket
    #: Resolves to the seconds waited, or to why there is no turn.
    granted: asyncio.Future[float]
    #: The life of the host it belongs to; the death of an earlier one is old news.
    epoch: int
    #: When its turn came, `None` while it waits.
    admitted_s: float | None = None


class Turn:
    """A call's place in the queue, as its caller sees it.

    Args:
        place: its place.
        outlook: says where a ticket stands now.
    """

    def __init__(self, place: Place, *, outlook: Callable[[Ticket], Outlook]) -> None:
        self._place = place
        self._outlook = outlook

    async def came(self) -> float:
        """Wait for the turn; returns the seconds waited.

        Raises:
            OverloadedError: `max_wait_s` has passed.
            EngineTimeoutError: `timeout_s` has.
            SwapError: the expert could not be made resident.
            EngineDeadError: the host died during the wait.
        """
        return await asyncio.shield(self._place.granted)

    @property
    def arrived_s(self) -> float:
        """When it began to wait, by the loop's clock."""
        return self._place.ticket.arrived_s

    def on_end(self, ring: Callable[[], None]) -> None:
        """Call `ring` once the wait is over, however it ended."""
        self._place.granted.add_done_callback(lambda _: ring())

    @property
    def outlook(self) -> Outlook | None:
        """Position and estimate while it waits, `None` once the turn came or was refused."""
        return None if self._place.granted.done() else self._outlook(self._place.ticket)


class Places:
    """Every caller's place, waiting or running, at one host.

    Args:
        max_queue: calls that may wait; more are refused.
    """

    def __init__(self, *, max_queue: int) -> None:
        self.max_queue = max_queue
        self._ids = count(1)
        self._places: dict[int, Place] = {}
        #: The tickets that wait; read by the policy, written here alone.
        self.queues = Queues()
        self._in_flight: Counter[str] = Counter()
        self._last_wait_s = 0.0
        #: Experts in the order of their last turns.
        self._turns: dict[str, None] = {}

    @property
    def in_flight(self) -> Mapping[str, int]:
        """Calls that run, by expert; every count is at least one."""
        return MappingProxyType(self._in_flight)

    @property
    def experts(self) -> frozenset[str]:
        """Experts that some call waits for or runs on."""
        return frozenset(place.ticket.expert for place in self._places.values())

    def least_recent_first(self, experts: Collection[str]) -> tuple[str, ...]:
        """These experts in the order of their last turns; those that had none come first."""
        if len(experts) < 2:
            return tuple(experts)
        rank_by_expert = {expert: rank for rank, expert in enumerate(self._turns)}
        return tuple(sorted(experts, key=lambda expert: rank_by_expert.get(expert, -1)))

    def ticket(
        self,
        expert: str,
        *,
        now_s: float,
        timeout_s: float | None,
        max_wait_s: float | None,
        priority: int,
        order: int | None,
    ) -> Ticket:
        """A ticket for a caller that arrives now, who does not wait yet.

        Raises:
            OverloadedError: the queue is full.
        """
        if len(self.queues) >= self.max_queue:
            raise self._full(expert, now_s)
        return Ticket(
            id=next(self._ids),
            expert=expert,
            arrived_s=now_s,
            deadline_s=None if timeout_s is None else now_s + timeout_s,
            bound_s=None if max_wait_s is None else now_s + max_wait_s,
            priority=priority,
            order=order,
        )

    def enter(self, ticket: Ticket, *, epoch: int) -> Place:
        """Have the caller behind `ticket` wait."""
        granted = asyncio.get_running_loop().create_future()
        place = Place(ticket=ticket, granted=granted, epoch=epoch)
        self._places[ticket.id] = place
        self.queues.add(ticket)
        return place

    def admit(self, ticket_id: int, *, now_s: float) -> Ticket:
        """Move a ticket from the queue to the engine and tell its caller."""
        ticket = self._take(ticket_id)
        place = self._places[ticket_id]
        self._in_flight[ticket.expert] += 1
        self._last_wait_s = now_s - ticket.arrived_s
        place.admitted_s = now_s
        self._note_turn(ticket.expert)
        if not place.granted.done():  # a cancelled caller frees its turn when it leaves
            place.granted.set_result(self._last_wait_s)
        return ticket

    def expire(self, ticket_id: int, *, now_s: float) -> None:
        """Refuse a ticket whose time is up, naming where in the queue it stood."""
        self._refuse(ticket_id, self._overdue(ticket_id, now_s))

    def refuse_all(self, error: EngineError, *, expert: str | None = None) -> None:
        """Refuse whoever waits, or whoever waits for `expert`."""
        for ticket in list(self.queues):
            if expert in (None, ticket.expert):
                self._refuse(ticket.id, error)

    def leave(self, place: Place) -> None:
        """Free whatever the caller held: its place in the queue or in the engine."""
        if place.granted.done() and not place.granted.cancelled():
            place.granted.exception()  # a caller cancelled meanwhile will never look at it
        del self._places[place.ticket.id]
        self.queues.remove(place.ticket.id)
        if place.admitted_s is not None:
            self._in_flight[place.ticket.expert] -= 1
            self._in_flight += Counter()  # drops what is down to zero

    def _note_turn(self, expert: str) -> None:
        self._turns.pop(expert, None)
        self._turns[expert] = None
        if len(self._turns) > _MAX_TURNS:
            del self._turns[next(iter(self._turns))]

    def _refuse(self, ticket_id: int, error: EngineError) -> None:
        self._take(ticket_id)
        place = self._places[ticket_id]
        if not place.granted.done():
            place.granted.set_exception(again(error))

    def _take(self, ticket_id: int) -> Ticket:
        ticket = self.queues.remove(ticket_id)
        assert ticket is not None, f"ticket {ticket_id} does not wait"
        return ticket

    def _overdue(self, ticket_id: int, now_s: float) -> EngineError:
        ticket = self.queues[ticket_id]
        position = [one.id for one in self.queues].index(ticket_id) + 1
        where = f"at position {position} of {len(self.queues)} in the queue"
        waited_s = now_s - ticket.arrived_s
        retry_after_s = self._retry_after_s(now_s)
        if ticket.deadline_s is None or ticket.due_s < ticket.deadline_s:
            return OverloadedError(
                f"expert {ticket.expert!r} could not be had within {waited_s:.1f} s, the longest "
                f"wait allowed (max_wait_s); the call was {where}; try again later",
                retry_after_s=retry_after_s,
            )
        return EngineTimeoutError(
            f"the call waited {waited_s:.1f} s for expert {ticket.expert!r}, its whole time, and "
            f"was {where}",
            retry_after_s=retry_after_s,
        )

    def _full(self, expert: str, now_s: float) -> OverloadedError:
        return OverloadedError(
            f"expert {expert!r}: {len(self.queues)} calls wait at its slot, the most allowed "
            "(defaults.max_queue); try again later",
            retry_after_s=self._retry_after_s(now_s),
        )

    def _retry_after_s(self, now_s: float) -> float:
        return retry_after_s(self.queues, now_s=now_s, last_wait_s=self._last_wait_s)


def again(error: E) -> E:
    """A copy to raise in one more task: a traceback belongs to one raise."""
    twin = copy.copy(error)
    twin.__cause__ = error.__cause__
    return twin

"""Calls that wait at a slot, grouped by expert so that a decision never looks at each of them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

#: Wait after which a ticket without a bound counts as pressing, seconds.
DEFAULT_SLO_S = 60.0
#: The same of a call that nobody waits for: older ones are served like any other, seconds.
BACKGROUND_SLO_S = 600.0
#: Head start that one level of priority is worth, seconds: advice, so it ages like any wait.
PRIORITY_S = 1.0
#: Calls that rank within the same span go by the order of their plan, seconds.
ORDER_S = 1.0

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One call that waits for its turn."""

    #: Unique within one loop, ascending in order of arrival.
    id: int
    expert: str
    arrived_s: float
    #: When waiting becomes pointless; `None` waits for ever.
    deadline_s: float | None = None
    #: By when its turn must have come (`max_wait_s`); `None` for no promise.
    bound_s: float | None = None
    #: Advice of a batch, higher is sooner.
    priority: int = 0
    #: Its place in its caller's plan, lower is sooner; `None` where there is no plan.
    order: int | None = None
    #: Nobody waits for it.
    is_background: bool = False
    #: Nobody does, but it has waited so long that it counts like one that somebody waits for.
    is_aged: bool = False

    @property
    def due_s(self) -> float:
        """When it is refused if its turn has not come."""
        deadline_s = inf if self.deadline_s is None else self.deadline_s
        return deadline_s if self.bound_s is None else min(self.bound_s, deadline_s)

    @property
    def slo_s(self) -> float:
        """Wait that would be too long, seconds, above 0."""
        if self.is_background:
            return BACKGROUND_SLO_S
        due_s = self.due_s
        return DEFAULT_SLO_S if due_s == inf else max(due_s - self.arrived_s, 1e-3)

    @property
    def wanted_s(self) -> float:
        """By when it should have its turn; without a bound, when its age would be pressing."""
        return self.arrived_s + self.slo_s

    @property
    def rank_s(self) -> float:
        """Its place among the tickets of its expert: the lowest goes first."""
        return self.wanted_s - self.priority * PRIORITY_S

    @property
    def rank(self) -> tuple[float, int, float]:
        """`rank_s`, in which the order of a plan moves a call by less than `ORDER_S`.

        What has no order goes before what has one: nobody gets ahead by making one up.
        """
        order = -1 if self.order is None else self.order
        return self.rank_s // ORDER_S, order, self.rank_s


class _Heap(Generic[K]):
    """The least key of what is still there; what is gone is forgotten when it comes to the top."""

    __slots__ = ("_items", "_tickets")

    def __init__(self, tickets: dict[int, Ticket]) -> None:
        self._tickets = tickets
        self._items: list[tuple[K, int]] = []

    def push(self, key: K, ticket_id: int) -> None:
        heapq.heappush(self._items, (key, ticket_id))

    def top(self) -> tuple[K, int] | None:
        items = self._items
        while items and items[0][1] not in self._tickets:
            heapq.heappop(items)
        return items[0] if items else None


class Group:
    """The tickets that wait for one expert; sums are kept, so that its urgency costs no loop.

    `sum_i (1 + age_i / slo_i)` is linear in time: `len + now_s * rate - offset`.
    """

    __slots__ = ("_by_due", "_by_rank", "_by_wanted", "_offset", "_rate", "tickets")

    def __init__(self) -> None:
        #: In order of arrival, by id.
        self.tickets: dict[int, Ticket] = {}
        self._by_due: _Heap[float] = _Heap(self.tickets)
        self._by_rank: _Heap[tuple[float, int, float]] = _Heap(self.tickets)
        self._by_wanted: _Heap[float] = _Heap(self.tickets)
        self._rate = 0.0
        self._offset = 0.0

    def __len__(self) -> int:
        return len(self.tickets)

    @property
    def oldest(self) -> Ticket:
        """The ticket that arrived first."""
        return next(iter(self.tickets.values()))

    @property
    def first(self) -> Ticket:
        """The ticket whose turn is next."""
        top = self._by_rank.top()
        assert top is not None, "a group has a ticket"
        return self.tickets[top[1]]

    @property
    def most_due(self) -> Ticket:
        """The ticket that is refused first, of a group that has bounds."""
        first = self.first_due
        assert first is not None, "a group with a bound"
        return self.tickets[first[1]]

    @property
    def first_due(self) -> tuple[float, int] | None:
        """When the first of them is refused and its id; `None` where none has a bound."""
        return self._by_due.top()

    @property
    def first_wanted(self) -> tuple[float, int] | None:
        """By when the first of them should have its turn, and its id; `None` of no tickets."""
        return self._by_wanted.top()

    @property
    def order(self) -> int:
        """Its place in a plan, that of the ticket wanted first; what has none goes before."""
        first = self.first_wanted
        order = None if first is None else self.tickets[first[1]].order
        return -1 if order is None else order

    @property
    def due_s(self) -> float:
        """When the first of them is refused; infinite where none has a bound."""
        first = self.first_due
        return inf if first is None else first[0]

    @property
    def wanted_s(self) -> float:
        """By when the first of them should have its turn."""
        first = self.first_wanted
        return inf if first is None else first[0]

    def urgency(self, now_s: float) -> float:
        """How much waits here: each ticket counts one, and one more when its bound is reached."""
        return len(self.tickets) + now_s * self._rate - self._offset

    def add(self, ticket: Ticket) -> None:
        """Take one more."""
        self.tickets[ticket.id] = ticket
        if ticket.due_s < inf:
            self._by_due.push(ticket.due_s, ticket.id)
        self._by_rank.push(ticket.rank, ticket.id)
        self._by_wanted.push(ticket.wanted_s, ticket.id)
        self._rate += 1 / ticket.slo_s
        self._offset += ticket.arrived_s / ticket.slo_s

    def sort(self) -> None:
        """Bring the tickets back into the order of arrival, after an earlier one was added."""
        in_order(self.tickets)

    def remove(self, ticket: Ticket) -> None:
        """Let one go."""
        del self.tickets[ticket.id]
        self._rate -= 1 / ticket.slo_s
        self._offset -= ticket.arrived_s / ticket.slo_s


def in_order(tickets: dict[int, Ticket]) -> None:
    """By arrival; in place, since the heaps look into it."""
    ordered = sorted(tickets.items(), key=lambda one: (one[1].arrived_s, one[0]))
    tickets.clear()
    tickets.update(ordered)

"""Calls that wait at a slot, grouped by expert so that a decision never looks at each of them."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

#: Wait after which a ticket without a bound counts as pressing, seconds.
DEFAULT_SLO_S = 60.0
#: Head start that one level of priority is worth, seconds: advice, so it ages like any wait.
PRIORITY_S = 1.0


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

    @property
    def due_s(self) -> float:
        """When it is refused if its turn has not come."""
        deadline_s = inf if self.deadline_s is None else self.deadline_s
        return deadline_s if self.bound_s is None else min(self.bound_s, deadline_s)

    @property
    def slo_s(self) -> float:
        """Wait that would be too long, seconds, above 0."""
        due_s = self.due_s
        return DEFAULT_SLO_S if due_s == inf else max(due_s - self.arrived_s, 1e-3)

    @property
    def rank_s(self) -> float:
        """Its place among the tickets of its expert: the lowest goes first."""
        return self.arrived_s + self.slo_s - self.priority * PRIORITY_S


class Group:
    """The tickets that wait for one expert; sums are kept, so that its urgency costs no loop.

    `sum_i (1 + age_i / slo_i)` is linear in time: `len + now_s * rate - offset`.
    """

    __slots__ = ("_by_due", "_by_rank", "_offset", "_rate", "tickets")

    def __init__(self) -> None:
        #: In order of arrival, by id.
        self.tickets: dict[int, Ticket] = {}
        self._by_due: list[tuple[float, int]] = []
        self._by_rank: list[tuple[float, int]] = []
        self._rate = 0.0
        self._offset = 0.0

    def __len__(self) -> int:
        return len(self.tickets)

    @property
    def first(self) -> Ticket:
        """The ticket whose turn is next."""
        return self.tickets[self._top(self._by_rank)]

    @property
    def due_s(self) -> float:
        """When the first of them is refused; infinite where none has a bound."""
        return self.tickets[self._top(self._by_due)].due_s

    def urgency(self, now_s: float) -> float:
        """How much waits here: each ticket counts one, and one more when its bound is reached."""
        return len(self.tickets) + now_s * self._rate - self._offset

    def add(self, ticket: Ticket) -> None:
        """Take one more."""
        self.tickets[ticket.id] = ticket
        heapq.heappush(self._by_due, (ticket.due_s, ticket.id))
        heapq.heappush(self._by_rank, (ticket.rank_s, ticket.id))
        self._rate += 1 / ticket.slo_s
        self._offset += ticket.arrived_s / ticket.slo_s

    def remove(self, ticket: Ticket) -> None:
        """Let one go; the heaps forget it when it comes to their top."""
        del self.tickets[ticket.id]
        self._rate -= 1 / ticket.slo_s
        self._offset -= ticket.arrived_s / ticket.slo_s

    def _top(self, heap: list[tuple[float, int]]) -> int:
        while heap[0][1] not in self.tickets:
            heapq.heappop(heap)
        return heap[0][1]


class Queues:
    """Everything that waits at one slot: what a policy reads and the loop writes.

    A group exists while somebody waits in it. Adding and removing cost the logarithm of what waits
    and one move within a list of experts.
    """

    def __init__(self) -> None:
        self._tickets: dict[int, Ticket] = {}
        self._groups: dict[str, Group] = {}
        self._by_due: list[tuple[float, str]] = []
        self._due_by_expert: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[Ticket]:
        """The tickets in order of arrival."""
        return iter(self._tickets.values())

    def __contains__(self, ticket_id: object) -> bool:
        return ticket_id in self._tickets

    def __getitem__(self, ticket_id: int) -> Ticket:
        return self._tickets[ticket_id]

    @property
    def groups(self) -> Mapping[str, Group]:
        """Who waits, by expert; none is empty."""
        return MappingProxyType(self._groups)

    @property
    def by_due(self) -> list[tuple[float, str]]:
        """When each group's first ticket is refused and its expert, the earliest first; read only.

        Groups without a bound come last, at infinity.
        """
        return self._by_due

    @property
    def next_due_s(self) -> float:
        """When the next ticket is refused, infinite if none will be."""
        return self._by_due[0][0] if self._by_due else inf

    def add(self, ticket: Ticket) -> None:
        """Take a ticket that arrived."""
        self._tickets[ticket.id] = ticket
        self._groups.setdefault(ticket.expert, Group()).add(ticket)
        self._note_due(ticket.expert)

    def remove(self, ticket_id: int) -> Ticket | None:
        """Let a ticket go; `None` if it does not wait here."""
        ticket = self._tickets.pop(ticket_id, None)
        if ticket is None:
            return None
        group = self._groups[ticket.expert]
        group.remove(ticket)
        if not group:
            del self._groups[ticket.expert]
        self._note_due(ticket.expert)
        return ticket

    def overdue(self, now_s: float) -> Ticket | None:
        """A ticket whose time is up."""
        if self.next_due_s > now_s:
            return None
        group = self._groups[self._by_due[0][1]]
        return next(ticket for ticket in group.tickets.values() if ticket.due_s <= now_s)

    def _note_due(self, expert: str) -> None:
        """Keep the order of groups true; most changes leave a group's first due as it is."""
        group = self._groups.get(expert)
        due_s = None if group is None else group.due_s
        before_s = self._due_by_expert.get(expert)
        if due_s == before_s:
            return
        if before_s is not None:
            del self._by_due[bisect_left(self._by_due, (before_s, expert))]
            del self._due_by_expert[expert]
        if due_s is not None:
            insort(self._by_due, (due_s, expert))
            self._due_by_expert[expert] = due_s

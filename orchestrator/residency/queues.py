"""Everything that waits at one slot, and who comes first."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import exp, inf, log1p
from types import MappingProxyType

from orchestrator.residency.tickets import Group, Ticket, in_order

#: How long it takes until a use counts e times less, seconds.
MEMORY_S = 300.0


class _Order:
    """Experts by the first of their tickets, the earliest first; most changes leave it as it is."""

    def __init__(self) -> None:
        #: Its time and id, and the expert.
        self.items: list[tuple[float, int, str]] = []
        self._first_by_expert: dict[str, tuple[float, int]] = {}

    def put(self, expert: str, first: tuple[float, int] | None) -> None:
        """Note a group's first ticket by its time and id; `None` leaves the group out."""
        before = self._first_by_expert.get(expert)
        if first == before:
            return
        if before is not None:
            del self.items[bisect_left(self.items, (*before, expert))]
            del self._first_by_expert[expert]
        if first is not None:
            insort(self.items, (*first, expert))
            self._first_by_expert[expert] = first


class Queues:
    """Everything that waits at one slot: what a policy reads and the loop writes.

    Calls that nobody waits for are kept apart, in `background`: what is asked of the queues in
    general is of the others, but for what is asked by the id of a ticket.

    A group exists while somebody waits in it. Adding and removing cost the logarithm of what waits
    and one move within a list of experts.

    Args:
        is_background: whether these are the background of others.
    """

    def __init__(self, *, is_background: bool = False) -> None:
        self._is_background = is_background
        self._background: Queues | None = None
        self._tickets: dict[int, Ticket] = {}
        self._groups: dict[str, Group] = {}
        #: `wanted_s` of all, ascending: every caller that waits asks for its place now and then.
        self._wanted_s: list[float] = []
        self._due = _Order()
        self._wanted = _Order()
        #: Logarithm of how often each expert was asked for, see `popularity`.
        self._uses: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[Ticket]:
        """The tickets in order of arrival."""
        return iter(self._tickets.values())

    def __contains__(self, ticket_id: object) -> bool:
        return ticket_id in self._tickets or (
            self._background is not None and ticket_id in self._background
        )

    def __getitem__(self, ticket_id: int) -> Ticket:
        if self._background is not None and ticket_id in self._background:
            return self._background[ticket_id]
        return self._tickets[ticket_id]

    @property
    def background(self) -> Queues:
        """Calls that nobody waits for."""
        if self._background is None:
            self._background = Queues(is_background=True)
        return self._background

    @property
    def served(self) -> Queues:
        """Those that are served at present: the background's while nobody else waits."""
        return self if self._tickets else self.background

    @property
    def all(self) -> Sequence[Ticket]:
        """Every ticket; those of background calls last."""
        return (*self._tickets.values(), *(self._background or ()))

    @property
    def called(self) -> frozenset[str]:
        """Experts that some call waits for."""
        return frozenset(self._groups).union(self._background.groups if self._background else ())

    def beside(self, ticket: Ticket) -> Queues:
        """Where a ticket stands or would: these queues, or their background."""
        is_here = self._is_background or not ticket.is_background
        return self if is_here else self.background

    @property
    def groups(self) -> Mapping[str, Group]:
        """Who waits, by expert; none is empty."""
        return MappingProxyType(self._groups)

    @property
    def by_wanted(self) -> Sequence[tuple[float, int, str]]:
        """`Group.first_wanted` and expert of every group, the earliest first."""
        return self._wanted.items

    @property
    def next_due_s(self) -> float:
        """When the next ticket is refused, infinite if none will be."""
        return self._due.items[0][0] if self._due.items else inf

    def popularity(self, expert: str) -> float:
        """How much an expert was asked for lately, to compare; of one that never was, `-inf`.

        Uses fade within `MEMORY_S`. The logarithm of their sum, dated back to time 0, needs no
        clock to be compared and does not overflow.
        """
        return self._uses.get(expert, -inf)

    def num_wanted_by(self, moment_s: float) -> int:
        """How many should have had their turn by then."""
        return bisect_right(self._wanted_s, moment_s)

    def add(self, ticket: Ticket) -> None:
        """Take a ticket that arrived."""
        if ticket.is_background and not self._is_background:
            self.background.add(ticket)
            return
        before, now = self.popularity(ticket.expert), ticket.arrived_s / MEMORY_S
        most = max(before, now)
        self._uses[ticket.expert] = most + log1p(exp(min(before, now) - most))
        self._tickets[ticket.id] = ticket
        insort(self._wanted_s, ticket.wanted_s)
        self._groups.setdefault(ticket.expert, Group()).add(ticket)
        self._note(ticket.expert)

    def put_back(self, ticket: Ticket) -> None:
        """Take a ticket again that was removed, at its old place."""
        self.add(ticket)
        self.beside(ticket)._sort(ticket.expert)

    def promote(self, ticket_id: int, *, now_s: float) -> Ticket:
        """Let a background call count like one that arrives now; returns its new ticket."""
        waiting = self.background.remove(ticket_id)
        assert waiting is not None, f"ticket {ticket_id} is none of a background call"
        promoted = replace(waiting, arrived_s=now_s, is_background=False, is_aged=True)
        self.add(promoted)
        return promoted

    def remove(self, ticket_id: int) -> Ticket | None:
        """Let a ticket go; `None` if it does not wait here."""
        ticket = self._tickets.pop(ticket_id, None)
        if ticket is None:
            return None if self._background is None else self._background.remove(ticket_id)
        del self._wanted_s[bisect_left(self._wanted_s, ticket.wanted_s)]
        group = self._groups[ticket.expert]
        group.remove(ticket)
        self._note(ticket.expert)
        if not group:
            del self._groups[ticket.expert]
        return ticket

    def overdue(self, now_s: float) -> Ticket | None:
        """A ticket whose time is up."""
        if self.next_due_s > now_s:
            return None
        group = self._groups[self._due.items[0][2]]
        return next(ticket for ticket in group.tickets.values() if ticket.due_s <= now_s)

    def _sort(self, expert: str) -> None:
        in_order(self._tickets)
        self._groups[expert].sort()

    def _note(self, expert: str) -> None:
        group = self._groups[expert]
        self._due.put(expert, group.first_due)
        self._wanted.put(expert, group.first_wanted)

"""Which call a host takes next and when it swaps: values in, one action out.

The loop asks `next_action` after every event and carries the answer out. Nothing here does I/O,
logs or reads a clock, so the same code runs in the worker, in tests and in a simulator, and a
better policy replaces one function.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One call that waits for its turn."""

    #: Unique within one loop, ascending in order of arrival.
    id: int
    expert: str
    arrived_s: float
    #: When waiting becomes pointless; `None` waits for ever.
    deadline_s: float | None = None
    #: Advice of a batch, higher is sooner. Arrival order does not follow it.
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """What one host is doing now."""

    #: Experts that answer without a swap, the least recently used first: the one whose weights
    #: are loaded and the adapters added to them. None while that is not certain.
    residents: tuple[str, ...] = ()
    #: Adapters, resident or not, that belong on the weights that are loaded.
    adapters: Collection[str] = ()
    #: Adapters that may be resident at once.
    max_adapters: int = 0
    #: Calls being answered, by expert; every count is at least one.
    in_flight: Mapping[str, int] = field(default_factory=dict)
    #: Calls the engine takes at once, at least one.
    capacity: int
    #: The expert a swap under way will make resident.
    swapping_to: str | None = None

    @property
    def num_in_flight(self) -> int:
        """Calls being answered, whatever their expert."""
        return sum(self.in_flight.values())

    @property
    def idle_adapters(self) -> tuple[str, ...]:
        """Resident adapters that answer no call, the least recently used first."""
        return tuple(
            one for one in self.residents if one in self.adapters and one not in self.in_flight
        )

    @property
    def has_room(self) -> bool:
        """Whether one more adapter can be added without taking another away."""
        return sum(one in self.adapters for one in self.residents) < self.max_adapters


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """Let this ticket's call run now."""

    ticket_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Make this expert resident; nothing is in flight."""

    expert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Put this adapter on the weights that are loaded, beside whatever is in flight."""

    expert: str
    #: A resident adapter that answers no call and makes room, `None` where there is room.
    instead_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """This ticket's deadline has passed."""

    ticket_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do before the next event, or before `until_s`."""

    until_s: float | None = None


Action = Admit | Swap | Add | Expire | Wait

#: Waiting tickets in order of arrival.
Queue = Collection[Ticket]


class Policy(Protocol):
    """Decides for one host; asked again after each action until it answers `Wait`."""

    def __call__(self, state: HostState, queue: Queue, *, now_s: float) -> Action:
        """The one thing to do now.

        Args:
            state: the host, as it is.
            queue: the tickets that wait, in order of arrival.
            now_s: the time on the clock that stamped the tickets.
        """
        ...


def arrival_order(state: HostState, queue: Queue, *, now_s: float) -> Action:
    """Strictly first come, first served: the head of the queue decides.

    The head runs if its expert is resident and the engine has room. An adapter of the weights that
    are loaded is added without draining, in the place of one that is idle where all are taken; for
    any other expert the host is drained and swapped. Later tickets of residents do not overtake,
    so none starves.
    """
    overdue = next((ticket for ticket in queue if _is_due(ticket, now_s)), None)
    if overdue is not None:
        return Expire(ticket_id=overdue.id)
    head = next(iter(queue), None)
    if head is not None and state.swapping_to is None:
        action = _serve(head, state)
        if action is not None:
            return action
    return Wait(until_s=_next_deadline_s(queue))


def _serve(head: Ticket, state: HostState) -> Action | None:
    """What brings the head nearer to its turn, `None` where something in flight must end first."""
    if head.expert in state.residents:
        has_capacity = state.num_in_flight < state.capacity
        return Admit(ticket_id=head.id) if has_capacity else None
    if head.expert in state.adapters:
        if state.has_room:
            return Add(expert=head.expert)
        idle = state.idle_adapters
        return Add(expert=head.expert, instead_of=idle[0]) if idle else None
    return Swap(expert=head.expert) if not state.in_flight else None


def retry_after_s(queue: Queue, *, now_s: float, last_wait_s: float) -> float:
    """Seconds after which one more ticket may find room: what waiting takes at present.

    The longest of the head's wait so far and the wait of the last ticket admitted, but one second
    at least, since a caller that comes back at once finds the same queue.
    """
    head = next(iter(queue), None)
    head_wait_s = 0.0 if head is None else now_s - head.arrived_s
    return max(1.0, head_wait_s, last_wait_s)


def _is_due(ticket: Ticket, now_s: float) -> bool:
    return ticket.deadline_s is not None and ticket.deadline_s <= now_s


def _next_deadline_s(queue: Queue) -> float | None:
    return min((t.deadline_s for t in queue if t.deadline_s is not None), default=None)

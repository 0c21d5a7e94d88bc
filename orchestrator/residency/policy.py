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

    #: The expert whose weights are loaded, `None` while there is none.
    resident: str | None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """Let this ticket's call run now."""

    ticket_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Make this expert resident; nothing is in flight."""

    expert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """This ticket's deadline has passed."""

    ticket_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do before the next event, or before `until_s`."""

    until_s: float | None = None


Action = Admit | Swap | Expire | Wait

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

    The head runs if its expert is resident and the engine has room; for another expert the host
    is drained and swapped. Later tickets of the resident expert do not overtake, so none starves.
    """
    overdue = next((ticket for ticket in queue if _is_due(ticket, now_s)), None)
    if overdue is not None:
        return Expire(ticket_id=overdue.id)
    head = next(iter(queue), None)
    if head is not None and state.swapping_to is None:
        if head.expert == state.resident and state.num_in_flight < state.capacity:
            return Admit(ticket_id=head.id)
        if head.expert != state.resident and not state.in_flight:
            return Swap(expert=head.expert)
    return Wait(until_s=_next_deadline_s(queue))


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

"""What a caller who waits is told: its place, its time, and at arrival whether it is in vain."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.costs.costs import Costs
from orchestrator.residency.queues import Queues
from orchestrator.residency.schedule import Schedule
from orchestrator.residency.state import SlotState
from orchestrator.residency.tickets import Ticket

#: Shortest time a caller is sent away for, seconds: who comes at once finds the same queue.
_SHORTEST_RETRY_S = 1.0
#: Share of an estimated wait that is as good as certain: on busy slots estimates are off by a fifth
#: on average, and who can be served after all is not sent away.
_CERTAIN = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Where one ticket stands."""

    #: 1 is next, among all that wait at the slot, by when they are wanted.
    position: int
    #: Until its turn, seconds, if nothing else arrives.
    wait_s: float


def outlook_of(
    ticket: Ticket, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> Outlook:
    """The place and the time of a ticket that waits, or that would."""
    ahead = queues.num_wanted_by(ticket.wanted_s) - (ticket.id in queues)
    return Outlook(
        position=1 + ahead, wait_s=expected_wait_s(ticket, state, queues, costs, now_s=now_s)
    )


def refusal_s(
    ticket: Ticket, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> float | None:
    """Seconds after which to come again, if this ticket's bound cannot be kept; `None` if it can.

    By means, and only once something like it was seen: a prior is no evidence against a caller.
    What finds a slot with nothing before it is never refused, since its try is how a cost that was
    estimated too high is corrected.
    """
    if ticket.bound_s is None or (not queues and not _is_busy(state)):
        return None
    if costs.service(ticket.expert).num_seen == 0:
        return None
    wait_s = expected_wait_s(ticket, state, queues, costs, now_s=now_s)
    if now_s + _CERTAIN * wait_s <= ticket.bound_s:
        return None
    return max(_SHORTEST_RETRY_S, now_s + wait_s - ticket.bound_s)


def expected_wait_s(
    ticket: Ticket, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> float:
    """Seconds until a ticket's turn if nothing else arrives.

    Infinite where no engine of the slot can become its expert.
    """
    schedule = Schedule(state, queues, costs, now_s=now_s)
    let_in_s = schedule.let_in_s(ticket.expert)
    if let_in_s is not None:
        return let_in_s
    group = queues.groups.get(ticket.expert)
    first = (ticket.wanted_s, ticket.id)
    if group is not None:
        first = min(first, group.first_wanted or first)
    for wanted_s, id_, expert in queues.by_wanted:
        if (wanted_s, id_) >= first:
            break
        if schedule.let_in_s(expert) is None:
            schedule.give(expert)
    return schedule.start_s(ticket.expert)


def _is_busy(state: SlotState) -> bool:
    return any(engine.in_flight or engine.change for engine in state.engines)


def retry_after_s(queues: Queues, *, now_s: float, last_wait_s: float) -> float:
    """Seconds after which a full queue may have room: what waiting takes at present.

    The longest of the head's wait so far and the wait of the last ticket admitted.
    """
    head = next(iter(queues), None)
    head_wait_s = 0.0 if head is None else now_s - head.arrived_s
    return max(_SHORTEST_RETRY_S, head_wait_s, last_wait_s)

"""What a caller who waits is told: its place, its time, and at arrival whether it is in vain."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

from orchestrator.costs.costs import Costs
from orchestrator.residency.ladder import step_up
from orchestrator.residency.outlook import drain_s, promised, step_to
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import Queues, Ticket

#: Shortest time a caller is sent away for, seconds: who comes at once finds the same queue.
_SHORTEST_RETRY_S = 1.0


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
    late_s = now_s + expected_wait_s(ticket, state, queues, costs, now_s=now_s) - ticket.bound_s
    return None if late_s <= 0 else max(_SHORTEST_RETRY_S, late_s)


def expected_wait_s(
    ticket: Ticket, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> float:
    """Seconds until a ticket's turn by the plan of `outlook`, the earliest wanted first.

    Infinite where no engine of the slot can become its expert.
    """
    able = [one for one in state.engines if ticket.expert in one.experts and one.down is None]
    if not able:
        return inf
    return min(_wait_on(one, ticket, state, queues, costs, now_s=now_s) for one in able)


def _is_busy(state: SlotState) -> bool:
    return any(engine.in_flight or engine.change for engine in state.engines)


def _wait_on(
    engine: EngineState,
    ticket: Ticket,
    state: SlotState,
    queues: Queues,
    costs: Costs,
    *,
    now_s: float,
) -> float:
    """The wait for `engine`: its drain, the groups wanted before, then the ticket's own."""
    is_held = engine.is_serving and engine.draining_for is None and engine.change is None
    if is_held and ticket.expert in engine.residents:
        return wait_of_resident(engine, ticket, queues, costs)
    group = queues.groups.get(ticket.expert)
    wanted_s = min(ticket.wanted_s, inf if group is None else group.wanted_s)
    others = [one for one in state.engines if one is not engine]
    taken = {expert for one in others for expert in promised(one)}
    wait_s = drain_s(engine, costs, now_s=now_s)
    for other_s, _, expert in queues.by_wanted:
        if other_s > wanted_s:
            break
        if expert != ticket.expert and expert in engine.experts and expert not in taken:
            wait_s += turn_s(engine, expert, len(queues.groups[expert]), costs)
    wait_s += ready_s(engine, ticket.expert, costs)
    rounds = (len(group) if group else 0) // engine.capacity
    return wait_s + rounds * costs.service(ticket.expert).mean_s


def wait_of_resident(engine: EngineState, ticket: Ticket, queues: Queues, costs: Costs) -> float:
    """A resident's call waits for a place among `capacity` only."""
    group = queues.groups.get(ticket.expert)
    ahead = engine.num_in_flight + (len(group) if group else 0)
    return ahead // engine.capacity * costs.service(ticket.expert).mean_s


def turn_s(engine: EngineState, expert: str, num_calls: int, costs: Costs) -> float:
    """What `num_calls` of an expert hold an engine for, its step included, seconds."""
    rounds = ceil(num_calls / engine.capacity)
    return ready_s(engine, expert, costs) + rounds * costs.service(expert).mean_s


def ready_s(engine: EngineState, expert: str, costs: Costs) -> float:
    """What brings an engine to `expert`, seconds."""
    if engine.rung != "serving":
        return costs.step(step_up(engine), expert).mean_s
    if expert in engine.residents and engine.draining_for is None:
        return 0.0
    return costs.step(step_to(engine, expert), expert).mean_s


def retry_after_s(queues: Queues, *, now_s: float, last_wait_s: float) -> float:
    """Seconds after which a full queue may have room: what waiting takes at present.

    The longest of the head's wait so far and the wait of the last ticket admitted.
    """
    head = next(iter(queues), None)
    head_wait_s = 0.0 if head is None else now_s - head.arrived_s
    return max(_SHORTEST_RETRY_S, head_wait_s, last_wait_s)

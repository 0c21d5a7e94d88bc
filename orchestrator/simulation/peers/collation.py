"""First in, first out, with calls for a running model served on the way (llama-swap)."""

from __future__ import annotations

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action, Admit, Swap, Wait
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import SlotState
from orchestrator.simulation.peers.views import has_room, holder, idle, is_coming, least_recent


def collation(state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
    """What is loaded is served at once; the first of the others swaps when an engine falls idle.

    Source: llama-swap, `internal/router/scheduler/fifo.go`: ABCABC becomes AABBCC. A queued call
    for a model that is ready is granted, one whose swap would end calls under way stays queued. So
    a model that is never idle starves the others. Ours differs in that a model takes as many calls
    as its engine, where llama-swap refuses those beyond ten with 429.
    """
    del costs, now_s
    for expert, group in queues.groups.items():
        engine = holder(state, expert)
        if engine is not None and has_room(engine):
            return Admit(ticket_id=next(iter(group.tickets)), engine=engine.id)
    free = idle(state)
    for ticket in queues if free else ():
        if holder(state, ticket.expert) is None and not is_coming(state, ticket.expert):
            return Swap(engine=least_recent(free).id, expert=ticket.expert)
    return Wait()

"""First come, first served: what a slot does that never reorders, for comparison."""

from __future__ import annotations

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action, Add, Admit, Expire, Swap, Wait
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import Ticket


def arrival_order(state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
    """Strictly first come, first served on the first engine that can become what is asked.

    The head runs if its expert is resident and the engine has room. An adapter of the weights that
    are loaded is added without draining, in the place of one that is idle where all are taken; for
    any other expert the engine is drained and swapped. Later tickets of residents do not overtake,
    so none starves.
    """
    del costs
    overdue = queues.overdue(now_s)
    if overdue is not None:
        return Expire(ticket_id=overdue.id)
    head = next(iter(queues), None)
    if head is not None:
        engine = next(one for one in state.engines if head.expert in one.experts)
        action = None if engine.change is not None else _serve(head, engine)
        if action is not None:
            return action
    due_s = queues.next_due_s
    return Wait(until_s=None if due_s == float("inf") else due_s)


def _serve(head: Ticket, engine: EngineState) -> Action | None:
    """What brings the head nearer to its turn, `None` where something in flight must end first."""
    if head.expert in engine.residents:
        has_capacity = engine.num_in_flight < engine.capacity
        return Admit(ticket_id=head.id, engine=engine.id) if has_capacity else None
    if head.expert in engine.adapters:
        if engine.has_adapter_room:
            return Add(engine=engine.id, expert=head.expert)
        idle = next(iter(engine.idle_adapters), None)
        return Add(engine=engine.id, expert=head.expert, instead_of=idle) if idle else None
    return None if engine.in_flight else Swap(engine=engine.id, expert=head.expert)

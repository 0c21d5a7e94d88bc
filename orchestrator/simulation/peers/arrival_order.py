"""First come, first served, with the least recently used expert evicted (Samba-CoE)."""

from __future__ import annotations

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action, Admit, Swap, Wait
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import SlotState
from orchestrator.simulation.peers.views import has_room, holder, is_coming, least_recent


def arrival_order(state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
    """The head of the queue decides; nobody overtakes it.

    Source: "SambaNova SN40L: Scaling the AI Memory Wall with Dataflow and Composition of Experts",
    arXiv:2405.07518. It runs each prompt with its expert in turn and keeps the experts in device
    memory by least recent use; read-only weights are not written back. Ours differs in that
    neighbours in the queue that ask for one expert run in one batch, which favours it.
    """
    del costs, now_s
    head = next(iter(queues), None)
    if head is None:
        return Wait()
    engine = holder(state, head.expert)
    if engine is not None:
        return Admit(ticket_id=head.id, engine=engine.id) if has_room(engine) else Wait()
    victim = least_recent(state.engines)
    if is_coming(state, head.expert) or victim.change is not None or victim.in_flight:
        return Wait()
    return Swap(engine=victim.id, expert=head.expert)

"""Least recent use behind one lock (model multiplexing of Ray Serve)."""

from __future__ import annotations

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action, Admit, Drain, Swap, Wait
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import SlotState
from orchestrator.simulation.peers.views import has_room, holder, least_recent


def one_lock(state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
    """What is loaded is served at once, whoever waits; all else loads one after another.

    Source: `ray/serve/multiplex.py` of ray 2.60.0, `_ModelMultiplexWrapper.load_model`: a loaded
    model is returned at once, others queue for `_model_cache_lock`, whose holder unloads the least
    recently used model and loads its own. Ours differs in that the unloaded model first ends what
    it has in flight, where Ray destroys it under its callers.
    """
    del costs, now_s
    for expert, group in queues.groups.items():
        engine = holder(state, expert)
        if engine is not None and has_room(engine):
            return Admit(ticket_id=next(iter(group.tickets)), engine=engine.id)
    busy = next((one for one in state.engines if one.change or one.draining_for), None)
    if busy is not None:
        is_empty = busy.change is None and not busy.in_flight
        if is_empty and busy.draining_for is not None:
            return Swap(engine=busy.id, expert=busy.draining_for)
        return Wait()
    absent = next((it.expert for it in queues if holder(state, it.expert) is None), None)
    if absent is None:
        return Wait()
    return Drain(engine=least_recent(state.engines).id, expert=absent)

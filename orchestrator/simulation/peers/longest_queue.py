"""A batch of the longest queue, and the expert evicted whose next use is furthest (Read-ME)."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action, Admit, Swap, Wait
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.simulation.peers.views import has_room, holder, idle, is_coming


def longest_queue(state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
    """An engine that has ended its batch takes the expert most wait for, and all who wait for it.

    Source: "Read-ME: Refactorizing LLMs as Router-Decoupled Mixture of Experts with System
    Co-Design", arXiv:2410.19123: one queue an expert, batches from the longest, eviction by Belady
    on the uses that are known. Known here is the queue: who is not in it is used last. Ours
    differs in the object, a whole model instead of an expert of a layer, and does not prefetch:
    an engine that generates has no place for other weights.
    """
    del costs
    for engine in _forming(state, now_s):
        group = queues.groups.get(engine.residents[0])
        if group is not None and has_room(engine):
            return Admit(ticket_id=next(iter(group.tickets)), engine=engine.id)
    free = idle(state)
    if not free:
        return Wait()
    longest = sorted(queues.groups.items(), key=lambda item: -len(item[1]))
    for expert, group in longest:
        place = holder(state, expert)
        if place is not None and place in free:
            return Admit(ticket_id=next(iter(group.tickets)), engine=place.id)
        if place is None and not is_coming(state, expert):
            return Swap(engine=_used_last(free, queues).id, expert=expert)
    return Wait()


def _forming(state: SlotState, now_s: float) -> Iterator[EngineState]:
    """Engines whose batch began this moment, or whose expert has just come for one."""
    for engine in state.engines:
        began = engine.in_flight and engine.admitted_s == now_s
        if engine.change is None and engine.residents and (began or engine.since_s == now_s):
            yield engine


def _used_last(engines: list[EngineState], queues: Queues) -> EngineState:
    next_use = {expert: next(iter(group.tickets)) for expert, group in queues.groups.items()}

    def when(engine: EngineState) -> tuple[bool, float]:
        known = [next_use[expert] for expert in engine.residents if expert in next_use]
        return not engine.residents, min(known, default=inf)

    return max(engines, key=when)

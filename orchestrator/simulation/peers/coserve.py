"""Requests behind others of their expert, and eviction by the chance of use (CoServe)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action, Admit, Swap, Wait
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.simulation.dispatching import Errand
from orchestrator.simulation.peers.views import has_room, holder, idle, is_coming
from orchestrator.simulation.slot import SimulatedSlot
from orchestrator.simulation.trace import Trace


class CoServe:
    """Serves experts in the order in which they were first asked for, each with all its requests.

    Source: "CoServe: Efficient Collaboration-of-Experts (CoE) Model Inference with Limited
    Memory", ASPLOS 2025, arXiv:2503.02354. A request goes behind queued ones of its expert, to the
    executor to which it adds the least time; the expert with the least known probability of use is
    evicted, those that follow experts that are not loaded first. Ours differs in that its offline
    profile is the trace itself, which favours it, and that a request may join while others of its
    expert run.

    Args:
        trace: what will be asked: the profile.
    """

    def __init__(self, trace: Trace) -> None:
        self._uses = Counter(trace.uses)
        self._leaders = _leaders(trace)

    def __call__(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
        """The one thing to do now."""
        del costs, now_s
        for expert, group in queues.groups.items():  # in order of their first request
            engine = holder(state, expert)
            if engine is not None:
                if has_room(engine):
                    return Admit(ticket_id=next(iter(group.tickets)), engine=engine.id)
                continue
            if is_coming(state, expert):
                continue
            free = idle(state)
            if free:
                return Swap(engine=self._victim(state, free).id, expert=expert)
            return Wait()  # nobody overtakes a group that has no engine yet
        return Wait()

    def _victim(self, state: SlotState, free: Sequence[EngineState]) -> EngineState:
        loaded = {expert for engine in state.engines for expert in engine.residents}

        def worth(engine: EngineState) -> tuple[bool, bool, int]:
            expert = next(iter(engine.residents), None)
            leaders = self._leaders.get(expert or "", frozenset())
            is_orphan = bool(leaders) and not leaders & loaded
            return expert is not None, not is_orphan, self._uses[expert or ""]

        return min(free, key=worth)


def least_added(errand: Errand, slots: Sequence[SimulatedSlot]) -> Iterable[SimulatedSlot]:
    """Sends a call to the slot to which it adds the least time: no swap where its expert is."""
    return sorted(slots, key=lambda slot: _done_s(slot, errand.expert))


def _done_s(slot: SimulatedSlot, expert: str) -> tuple[float, int]:
    """Seconds until a call would be served, with what it adds counted twice, and all calls."""
    held, costs = slot.held, slot.costs
    ahead = [one for one in slot.queues.groups if one not in held]
    added_s = 0.0
    if expert not in held and expert not in slot.queues.groups:
        added_s = costs.step("swap", expert).mean_s
        ahead.append(expert)
    service_s = costs.service(expert).mean_s
    waiting_s = sum(costs.step("swap", one).mean_s + service_s for one in ahead)
    rounds = slot.num_calls / slot.capacity
    return added_s + waiting_s + rounds * service_s, slot.num_calls


def _leaders(trace: Trace) -> dict[str, frozenset[str]]:
    """Whose answers an expert reads, by expert, for those that read some."""
    found: dict[str, set[str]] = {}
    for request in trace.requests:
        for needed in request.after:
            found.setdefault(request.expert, set()).add(trace.requests[needed].expert)
    return {expert: frozenset(leaders) for expert, leaders in found.items()}

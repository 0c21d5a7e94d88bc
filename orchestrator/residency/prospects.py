"""When each expert that waits has its turn: what `estimates` says of its first call, in one pass.

Asked one by one, a thousand experts that wait take most of a second, and a slot is asked twice a
second how it is doing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.residency.estimates import ready_s, turn_s, wait_of_resident
from orchestrator.residency.outlook import drain_s, promised
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import Queues


def expected_waits_s(
    state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> dict[str, float]:
    """Seconds until the turn of the first call of each expert that waits; see `expected_wait_s`."""
    waits_s = dict.fromkeys(queues.groups, inf)
    for engine in state.engines:
        if engine.down is None:
            for expert, wait_s in _waits_on(engine, state, queues, costs, now_s=now_s):
                waits_s[expert] = min(waits_s[expert], wait_s)
    return waits_s


def _waits_on(
    engine: EngineState, state: SlotState, queues: Queues, costs: Costs, *, now_s: float
) -> Iterator[tuple[str, float]]:
    """The turns of one engine in their order; those wanted at the same time wait for each other."""
    others = [one for one in state.engines if one is not engine]
    taken = {expert for one in others for expert in promised(one)}
    is_held = engine.is_serving and engine.draining_for is None and engine.change is None
    ahead_s = drain_s(engine, costs, now_s=now_s)
    for _, tied in groupby(queues.by_wanted, key=lambda turn: turn[0]):
        experts = [expert for _, _, expert in tied if expert in engine.experts]
        own_s = {
            expert: turn_s(engine, expert, len(queues.groups[expert]), costs)
            for expert in experts
            if expert not in taken
        }
        ahead_s += sum(own_s.values())
        for expert in experts:
            if is_held and expert in engine.residents:
                first = queues.groups[expert].first
                yield expert, wait_of_resident(engine, first, queues, costs)
                continue
            rounds = len(queues.groups[expert]) // engine.capacity
            start_s = ahead_s - own_s.get(expert, 0.0) + ready_s(engine, expert, costs)
            yield expert, start_s + rounds * costs.service(expert).mean_s

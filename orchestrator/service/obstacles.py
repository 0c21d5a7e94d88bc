"""What keeps a proposed generation from becoming live."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from orchestrator.service.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacles:
    """Why a proposed generation cannot become live: replica -> one sentence."""

    failed: dict[str, str]
    waiting: dict[str, str]


def of_slots(
    layout: Layout,
    *,
    taken: Callable[[str, str], Set[str]],
    engine: Callable[[str, str], tuple[str, str] | None],
) -> Obstacles:
    """Lineages that no slot takes calls for yet: all experts of each, in one slot at least.

    Args:
        layout: of the proposed generation.
        taken: keys that a slot takes calls for, of a lineage.
        engine: how far it is there, a state and a sentence; `None` where the worker is not waited
            for. One that comes from a slot which leaves is waited for all the same.
    """
    failed: dict[str, str] = {}
    waiting: dict[str, str] = {}
    slots_by_lineage = layout.slots_by_lineage
    for lineage in layout.own:
        slots = slots_by_lineage[lineage.id]
        keys = {expert.key for expert in lineage.experts}
        if any(keys <= taken(slot, lineage.id) for slot in slots):
            continue
        told = {slot: engine(slot, lineage.id) for slot in slots}
        reasons = {f"slot {slot}": one for slot, one in told.items() if one is not None}
        if not reasons and lineage.id in layout.moving:
            reasons = {f"lineage {lineage.id}": ("silent", f"no worker of {list(slots)} answers")}
        pending = {name: detail for name, (state, detail) in reasons.items() if state != "failed"}
        failed |= {} if pending else {name: detail for name, (_, detail) in reasons.items()}
        waiting |= pending
    return Obstacles(failed=failed, waiting=waiting)

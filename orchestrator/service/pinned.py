"""What a slot keeps for requests that are pinned to generations before the live one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from orchestrator.engines.lineage import Lineage
from orchestrator.registry.models import Slot
from orchestrator.service.layout import Layout, Share


def with_pinned(share: Share, *, known: Collection[str], older: Sequence[Layout]) -> Share:
    """A share and what older generations had there alone.

    Args:
        share: what the newest generation wants of the slot.
        known: keys of all experts of the newest generation, wherever they are.
        older: generations that a request may be pinned to, the newest first.
    """
    lineages = {lineage.id: lineage for lineage in share.lineages}
    for layout in older:
        for lineage in _lineages(layout, share.name):
            left = tuple(one for one in lineage.experts if one.key not in known)
            if left:
                lineages[lineage.id] = _joined(lineages.get(lineage.id), lineage, left)
    return replace(share, lineages=tuple(lineages.values()))


def vacant(slot: str, *, older: Sequence[Layout]) -> Share:
    """The share of a slot that the newest generation does not have; what is pinned comes on top."""
    shares = (share for layout in older for share in layout.shares if share.name == slot)
    # One that no generation knows has nothing to hold: it takes any form.
    form = next((share.slot for share in shares), Slot(name="vacant", memory_gib=1))
    return Share(name=slot, slot=form, lineages=())


def _lineages(layout: Layout, slot: str) -> tuple[Lineage, ...]:
    return next((share.lineages for share in layout.shares if share.name == slot), ())


def _joined(here: Lineage | None, lineage: Lineage, left: tuple[object, ...]) -> Lineage:
    held = () if here is None else here.experts
    keys = {expert.key for expert in held}
    more = tuple(one for one in lineage.experts if one in left and one.key not in keys)
    return replace(here or lineage, experts=(*held, *more))

"""Which engines each slot should hold: the registry's slots and experts, placed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.engines.assignment import Assignment
from orchestrator.engines.lineage import Lineage, lineages
from orchestrator.registry.models import Registry, Slot
from orchestrator.registry.variants import serving
from orchestrator.registry.widths import worker_names
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.placement import DispatchTable, place, table_of
from orchestrator.residency.spaces import Lineage as Claim
from orchestrator.residency.spaces import SlotSpace
from orchestrator.service.claims import claim_of, claimed_gib, footprints_of, space_of

_LOG = logging.getLogger(__name__)
#: Engines that start at once on a CPU; more would only wait for each other's cores.
_MAX_AT_ONCE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One slot with the engines it should hold."""

    name: str
    slot: Slot
    lineages: tuple[Lineage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Every slot, and where each expert should be hosted."""

    shares: tuple[Share, ...]
    table: DispatchTable
    #: Those of what is to be served, without what was beside it.
    own: tuple[Lineage, ...]
    #: Slots that are not its own: they serve as they do until it is live, and end then.
    leaving: tuple[Share, ...] = ()
    #: Names of slots whose engines have no room beside each other.
    overdrawn: frozenset[str] = frozenset()

    @property
    def slots_by_lineage(self) -> dict[str, tuple[str, ...]]:
        """Names of the slots that should hold each lineage."""
        found: dict[str, tuple[str, ...]] = {}
        for share in self.shares:
            for lineage in share.lineages:
                found[lineage.id] = (*found.get(lineage.id, ()), share.name)
        return found

    @property
    def every_share(self) -> tuple[Share, ...]:
        """Its slots and those that leave."""
        return (*self.shares, *self.leaving)

    @property
    def moving(self) -> frozenset[str]:
        """Lineages that are in slots which leave."""
        return frozenset(_held(self.leaving))

    @property
    def host_memory_gib(self) -> float:
        """What all engines are planned to take of the host: those on accelerators, nothing."""
        return sum(host_gib(share) for share in self.shares)

    @property
    def turns(self) -> tuple[str, ...]:
        """One sentence for each slot whose engines take turns."""
        return tuple(_told(share) for share in self.shares if share.name in self.overdrawn)


def grouped(registry: Registry, root: Path) -> tuple[Lineage, ...]:
    """The lineages of `registry`, as its models are now; reads their headers.

    Args:
        registry: what should be served.
        root: what relative model paths are relative to.

    Raises:
        RegistryError: a model cannot be read.
    """
    _log_variants(registry)
    on_cpu = not any(slot.accelerators for slot in registry.slots)
    return lineages(registry.experts, root, on_cpu=on_cpu)


def lay_out(
    registry: Registry,
    own: Sequence[Lineage],
    *,
    beside: Sequence[Lineage] = (),
    standing: Sequence[Share] = (),
    previous: Mapping[str, Sequence[str]] | None = None,
) -> Layout:
    """Place every lineage in the slots of `registry`.

    Args:
        registry: what should be served.
        own: its lineages.
        beside: what is served now, and must be until `registry` is.
        standing: where that is; in slots that `registry` lacks it needs no other place.
        previous: lineage id -> slots that hold it, where it stays.

    Raises:
        SetupError: an engine fits no slot, were it alone there.
    """
    slots = tuple(named_slots(registry))
    names = {name for name, _ in slots}
    leaving = tuple(share for share in standing if share.name not in names)
    staying = [share for share in standing if share.name in names]
    ends = _held(leaving) - _held(staying) - {lineage.id for lineage in own}
    found = _joined([lineage for lineage in beside if lineage.id not in ends], own)
    placement = place(
        [claim_of(lineage, [slot for _, slot in slots]) for lineage in found],
        [space_of(name, slot) for name, slot in slots],
        previous=previous,
    )
    shares = tuple(
        Share(
            name=name,
            slot=slot,
            lineages=tuple(one for one in found if name in placement.slots_by_lineage[one.id]),
        )
        for name, slot in slots
    )
    return Layout(
        shares=shares,
        table=placement.table,
        own=tuple(own),
        leaving=leaving,
        overdrawn=frozenset(placement.taking_turns),
    )


def with_hosts(layout: Layout, hosts: Mapping[str, Sequence[str]]) -> Layout:
    """The same slots with each lineage where `hosts` has it; who is not named stays."""
    known = {one.id: one for share in layout.shares for one in share.lineages}
    before = layout.slots_by_lineage
    wanted = {id_: tuple(hosts.get(id_, before[id_])) for id_ in known}
    shares = tuple(
        replace(
            share, lineages=tuple(one for id_, one in known.items() if share.name in wanted[id_])
        )
        for share in layout.shares
    )
    overdrawn = {share.name for share in shares if _claimed_gib(share) > share.slot.memory_gib}
    claims = [claim_of(one, _forms(layout.shares)) for one in known.values()]
    return replace(
        layout, shares=shares, table=table_of(claims, wanted), overdrawn=frozenset(overdrawn)
    )


def claims_of(layout: Layout) -> tuple[Claim, ...]:
    """Everything that is to be held, as placement sees it."""
    known = {one.id: one for share in layout.shares for one in share.lineages}
    return tuple(claim_of(one, _forms(layout.shares)) for one in known.values())


def spaces_of(layout: Layout) -> tuple[SlotSpace, ...]:
    """Its slots, as placement sees them."""
    return tuple(space_of(share.name, share.slot) for share in layout.shares)


def named_slots(registry: Registry) -> Iterator[tuple[str, Slot]]:
    """Each slot under a name of its own; see `widths.worker_names`."""
    for slot in registry.slots:
        yield from ((name, slot) for name in worker_names(slot))


def assignment_of(share: Share, *, limits: LoopLimits) -> Assignment:
    """What the worker of a slot is told."""
    footprints = {one.id: footprints_of(one, share.slot) for one in share.lineages}
    named = [(one.id, expert.key) for one in share.lineages for expert in one.experts]
    content = repr((share.slot, named, footprints, limits))
    return Assignment(
        stamp=hashlib.sha256(content.encode()).hexdigest()[:16],
        lineages=share.lineages,
        keys=frozenset(key for _, key in named),
        footprints=footprints,
        room_gib=share.slot.memory_gib,
        at_once=1 if share.slot.accelerators else _MAX_AT_ONCE,
        limits=limits,
        moves_alone=share.slot.accelerators > 0,
        num_engines=share.slot.engines,
    )


def _forms(shares: Sequence[Share]) -> list[Slot]:
    return [share.slot for share in shares]


def _held(shares: Sequence[Share]) -> set[str]:
    return {lineage.id for share in shares for lineage in share.lineages}


def _joined(live: Sequence[Lineage], proposed: Sequence[Lineage]) -> tuple[Lineage, ...]:
    """The lineages of both; one that both have has the experts of both, each definition once.

    What is live keeps the lineages it runs in, whatever became of its folders since.
    """
    joined = {lineage.id: lineage for lineage in live}
    for lineage in proposed:
        known = joined.get(lineage.id, lineage)
        experts = {one.key: one for one in (*known.experts, *lineage.experts)}.values()
        ordered = sorted(experts, key=lambda one: one.is_adapter)
        joined[lineage.id] = replace(lineage, experts=tuple(ordered))
    return tuple(joined.values())


def _log_variants(registry: Registry) -> None:
    for expert in registry.experts:
        if (variant := serving(expert)) is not None:
            _LOG.info(
                "expert %r: variant %r serves, measured loss %g of %g allowed",
                expert.id,
                variant.name,
                variant.loss,
                expert.max_loss,
            )


def host_gib(share: Share) -> float:
    """Memory of the host that a slot's engines take at most, GiB; no more than the slot has."""
    if share.slot.accelerators:
        return 0.0
    return min(_claimed_gib(share), share.slot.memory_gib)


def _claimed_gib(share: Share) -> float:
    return sum(claimed_gib(lineage, share.slot) for lineage in share.lineages)


def _told(share: Share) -> str:
    first = ", ".join(repr(lineage.experts[0].id) for lineage in share.lineages[:3])
    more = f" and {len(share.lineages) - 3} more" if len(share.lineages) > 3 else ""
    return (
        f"slot {share.name!r}: its {len(share.lineages)} engines (of {first}{more}) take turns, "
        f"which costs starts: together they need {_claimed_gib(share):.1f} GiB and the slot has "
        f"{share.slot.memory_gib:g} GiB"
    )

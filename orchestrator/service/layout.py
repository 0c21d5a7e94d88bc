"""Which engines each worker starts: the registry's slots and experts, placed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engines.lineage import Lineage, lineages
from orchestrator.registry.models import Registry, Slot, VllmEngine
from orchestrator.registry.variants import serving
from orchestrator.residency.placement import DispatchTable, SlotSpace, place
from orchestrator.residency.placement import Lineage as Claim

#: The first generation; an edit of the registry makes the next.
FIRST_GENERATION = 1
_GIB = 2**30
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One slot with the engines it starts."""

    name: str
    slot: Slot
    lineages: tuple[Lineage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Every slot of one generation."""

    shares: tuple[Share, ...]
    table: DispatchTable

    @property
    def host_memory_gib(self) -> float:
        """What all engines are planned to take of the host: those on accelerators, nothing."""
        return sum(
            claimed_gib(lineage, share.slot)
            for share in self.shares
            for lineage in share.lineages
            if share.slot.accelerators == 0
        )


def lay_out(registry: Registry, root: Path) -> Layout:
    """Place every lineage of `registry` in its slots.

    Args:
        registry: the generation's content.
        root: what relative model paths are relative to.

    Raises:
        RegistryError: a model cannot be read.
        SetupError: the slots have no room for an engine.
    """
    _log_variants(registry)
    slots = dict(_named_slots(registry.slots))
    on_cpu = not any(slot.accelerators for slot in slots.values())
    found = lineages(registry.experts, root, on_cpu=on_cpu)
    overhead_gib = max((slot.engine_overhead_gib for slot in slots.values()), default=0.0)
    table = place(
        [_claim(lineage, overhead_gib) for lineage in found],
        [_space(name, slot) for name, slot in slots.items()],
    )
    shares = tuple(
        Share(name=name, slot=slot, lineages=_on(table, name, found))
        for name, slot in slots.items()
    )
    return Layout(shares=tuple(share for share in shares if share.lineages), table=table)


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


def claimed_gib(lineage: Lineage, slot: Slot) -> float:
    """Memory of one engine: weights, KV cache and what the process takes."""
    return _engine_gib(lineage) + slot.engine_overhead_gib


def _engine_gib(lineage: Lineage) -> float:
    engine = lineage.experts[0].engine
    assert isinstance(engine, VllmEngine), "lineages hold experts of vLLM only"
    num_bytes = lineage.num_weight_bytes + lineage.num_adapter_bytes
    return num_bytes / _GIB + engine.kv_cache_gib


def _claim(lineage: Lineage, overhead_gib: float) -> Claim:
    engine = lineage.experts[0].engine
    assert isinstance(engine, VllmEngine), "lineages hold experts of vLLM only"
    return Claim(
        id=lineage.id,
        experts=tuple(expert.key for expert in lineage.experts),
        memory_gib=_engine_gib(lineage) + overhead_gib,
        accelerators=engine.tensor_parallel,
    )


def _space(name: str, slot: Slot) -> SlotSpace:
    return SlotSpace(name=name, memory_gib=slot.memory_gib, accelerators=slot.accelerators)


def _named_slots(slots: tuple[Slot, ...]) -> Iterator[tuple[str, Slot]]:
    """Each slot under a name of its own: `local`, or `local-0`, `local-1` where there are two."""
    for slot in slots:
        if slot.count == 1:
            yield slot.name, slot
        else:
            yield from ((f"{slot.name}-{number}", slot) for number in range(slot.count))


def _on(table: DispatchTable, slot: str, found: tuple[Lineage, ...]) -> tuple[Lineage, ...]:
    hosted = set(table.experts_on(slot))
    return tuple(lineage for lineage in found if lineage.experts[0].key in hosted)

"""What engines and slots are to placement and to ledgers: memory, accelerators, adapters."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.engines.lineage import Lineage
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Slot
from orchestrator.registry.reckoning import engine_gib
from orchestrator.residency.spaces import Lineage as Claim
from orchestrator.residency.spaces import SlotSpace
from orchestrator.residency.state import Footprint, Rung

_GIB = 2**30
#: Of a sleeping engine on its device, until it is measured.
_RESIDUE_GIB = 1.5
#: Host memory of a sleeper's weights by their size, at most: PyTorch rounds each pinned block up to
#: a power of two.
_PINNED = 2.0


def claimed_gib(lineage: Lineage, slot: Slot) -> float:
    """Memory of one engine, as the check of the registry counts it."""
    return _engine_gib(lineage, slot.engine_overhead_gib)


def claim_of(lineage: Lineage, slots: Sequence[Slot]) -> Claim:
    """One lineage as placement sees it, whichever of these slots it comes to."""
    overhead_gib = max((slot.engine_overhead_gib for slot in slots), default=0.0)
    return Claim(
        id=lineage.id,
        experts=tuple(expert.key for expert in lineage.experts),
        memory_gib=_engine_gib(lineage, overhead_gib),
        accelerators=_engine(lineage).tensor_parallel,
        weights_by_adapter=_weights_by_adapter(lineage),
    )


def footprints_of(lineage: Lineage, slot: Slot) -> dict[Rung, Footprint]:
    """Memory of one engine by rung; on a CPU none sleeps, since its weights lie in the same place.

    What a sleeper keeps of the device is its process, graphs and buffers: 1 to 7 GiB by model;
    what an engine says of itself once it was measured counts instead.
    """
    serving = Footprint(device_gib=claimed_gib(lineage, slot))
    if slot.accelerators == 0:
        return {"serving": serving}
    pinned_gib = _PINNED * lineage.num_weight_bytes / _GIB
    return {
        "serving": serving,
        "asleep": Footprint(device_gib=_RESIDUE_GIB, host_gib=pinned_gib),
        "weightless": Footprint(device_gib=_RESIDUE_GIB),
    }


def _engine_gib(lineage: Lineage, overhead_gib: float) -> float:
    loaded_gib = (lineage.num_weight_bytes + lineage.num_adapter_bytes) / _GIB
    return engine_gib(_engine(lineage), loaded_gib=loaded_gib, overhead_gib=overhead_gib)


def _engine(lineage: Lineage) -> VllmEngine:
    engine = lineage.experts[0].engine
    assert isinstance(engine, VllmEngine), "lineages hold experts of vLLM only"
    return engine


def _weights_by_adapter(lineage: Lineage) -> dict[str, str]:
    """Keys of adapters, each with the expert whose weights it is put on, where that is here too."""
    found = {}
    for expert in lineage.experts:
        on = lineage.expert(expert.base) if expert.base is not None else None
        if on is not None:
            found[expert.key] = on.key
    return found


def space_of(name: str, slot: Slot) -> SlotSpace:
    """One slot as placement sees it."""
    return SlotSpace(
        name=name,
        memory_gib=slot.memory_gib,
        accelerators=slot.accelerators,
        engines=slot.engines,
    )

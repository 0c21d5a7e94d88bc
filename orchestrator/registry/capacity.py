"""Whether what is to be hosted fits the slots: pure arithmetic on sizes read elsewhere.

The sum is that of `reckoning`, which placement uses too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.registry import reckoning
from orchestrator.registry.draft import Draft
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.faults import Finding
from orchestrator.registry.models import Expert, Slot
from orchestrator.registry.weights import Weights

_GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Memory one engine of an expert takes in a slot, GiB."""

    expert_id: str
    weights_gib: float
    #: What the weights were computed from, for the message.
    weights_from: str
    #: Room for adapters, whether there are any or not.
    adapters_gib: float
    kv_cache_gib: float
    overhead_gib: float
    tensor_parallel: int
    #: All of it, on all accelerators the engine spans.
    total_gib: float

    def __str__(self) -> str:
        each = f"{self.kv_cache_gib:g} KV cache + {self.overhead_gib:g} engine"
        if self.tensor_parallel > 1:
            each = f"{self.tensor_parallel} x ({each})"
        weights = f"{self.weights_gib:.3g} weights ({self.weights_from})"
        room = f" + {self.adapters_gib:.3g} for adapters" if self.adapters_gib else ""
        return (
            f"expert {self.expert_id!r} needs {weights}{room} + {each} = {self.total_gib:.3g} GiB"
        )


def findings(draft: Draft, weights: Mapping[int, Weights]) -> Iterator[Finding]:
    """Slots too small for every hosted expert, and hosted experts too big for every slot."""
    hosted = {at: (expert, weights.get(at)) for at, expert in draft.hosted.items()}
    if hosted and not draft.slots and not draft.slot_names:
        yield _no_slot(next(iter(hosted)), len(hosted))
    usable: list[Slot] = []
    for at, slot in draft.slots.items():
        misfits = [misfit(expert, weights, slot) for expert, weights in hosted.values()]
        if misfits and all(misfits):
            yield _too_small(at, slot, hosted)
        else:
            usable.append(slot)
    if usable:
        yield from _too_big(hosted, usable)


def need_of(expert: Expert, weights: Weights | None, slot: Slot) -> Need:
    """What one engine of a hosted expert takes in `slot`."""
    engine, on_cpu = _vllm(expert), not slot.accelerators
    weights_gib, source = reckoning.loaded_gib(
        engine, weights, parameters=expert.parameters, on_cpu=on_cpu
    )
    room_gib = _room_gib(engine, weights, on_cpu=on_cpu)
    return Need(
        expert_id=expert.id,
        weights_gib=weights_gib,
        weights_from=source,
        adapters_gib=room_gib,
        kv_cache_gib=engine.kv_cache_gib,
        overhead_gib=slot.engine_overhead_gib,
        tensor_parallel=engine.tensor_parallel,
        total_gib=reckoning.engine_gib(
            engine, loaded_gib=weights_gib + room_gib, overhead_gib=slot.engine_overhead_gib
        ),
    )


def _room_gib(engine: VllmEngine, weights: Weights | None, *, on_cpu: bool) -> float:
    """Of the usual rank, or as told: one of more is placed with the adapter that needs it."""
    if weights is None:
        return 0.0
    rank = reckoning.lora_rank(engine, ())
    num_sides = weights.num_sides
    return reckoning.adapter_bytes(engine, num_sides=num_sides, rank=rank, on_cpu=on_cpu) / _GIB


def _vllm(expert: Expert) -> VllmEngine:
    assert isinstance(expert.engine, VllmEngine)
    return expert.engine


def misfit(expert: Expert, weights: Weights | None, slot: Slot) -> str | None:
    """Why an expert cannot run in a slot, `None` when it can.

    An engine spans all accelerators of its slot: vLLM takes the first of those it sees, so two that
    span fewer would share these, whose memory is a part of what the slot has.
    """
    spans = _vllm(expert).tensor_parallel
    if spans != max(slot.accelerators, 1):
        return (
            f"expert {expert.id!r} spans {spans} accelerator(s), the slot has "
            f"{slot.accelerators}: engine.tensor_parallel has to be as many"
        )
    need = need_of(expert, weights, slot)
    return str(need) if need.total_gib > slot.memory_gib else None


def _too_small(at: int, slot: Slot, hosted: Mapping[int, tuple[Expert, Weights | None]]) -> Finding:
    expert, weights = min(
        hosted.values(),
        key=lambda one: (_vllm(one[0]).tensor_parallel, need_of(one[0], one[1], slot).total_gib),
    )
    return Finding(
        path=("slots", at, "memory_gib"),
        value=f"{slot.memory_gib:g} GiB",
        reason=f"is too small for any expert: even {misfit(expert, weights, slot)}",
    )


def _too_big(
    hosted: Mapping[int, tuple[Expert, Weights | None]], slots: list[Slot]
) -> Iterator[Finding]:
    largest = max(slots, key=lambda slot: (slot.accelerators, slot.memory_gib))
    for at, (expert, weights) in hosted.items():
        if all(misfit(expert, weights, slot) for slot in slots):
            reason = (
                f"fits no slot: {misfit(expert, weights, largest)}; the largest, "
                f"{largest.name!r}, has {largest.memory_gib:g} GiB"
            )
            yield Finding(path=("experts", at), reason=reason)


def _no_slot(at: int, num_hosted: int) -> Finding:
    reason = (
        f"there is no slot, but {num_hosted} expert(s) run on vLLM (the first is experts[{at}]); "
        "add one under `slots` with name and memory_gib"
    )
    return Finding(path=("slots",), reason=reason)

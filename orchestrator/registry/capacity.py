"""Whether what is to be hosted fits the slots: pure arithmetic on sizes read elsewhere.

need = weights once loaded + tensor_parallel * (kv_cache_gib + engine_overhead_gib)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding
from orchestrator.registry.models import Expert, Slot, VllmEngine
from orchestrator.registry.weights import Weights

_DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Memory one engine of an expert takes in a slot, GiB."""

    expert_id: str
    weights_gib: float
    #: What the weights were computed from, for the message.
    weights_from: str
    kv_cache_gib: float
    overhead_gib: float
    tensor_parallel: int

    @property
    def total_gib(self) -> float:
        """All of it, on all accelerators the engine spans."""
        return self.weights_gib + self.tensor_parallel * (self.kv_cache_gib + self.overhead_gib)

    def __str__(self) -> str:
        each = f"{self.kv_cache_gib:g} KV cache + {self.overhead_gib:g} engine"
        if self.tensor_parallel > 1:
            each = f"{self.tensor_parallel} x ({each})"
        weights = f"{self.weights_gib:.3g} weights ({self.weights_from})"
        return f"expert {self.expert_id!r} needs {weights} + {each} = {self.total_gib:.3g} GiB"


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
    engine = _vllm(expert)
    weights_gib, source = loaded_gib(
        engine, weights, parameters=expert.parameters, on_cpu=not slot.accelerators
    )
    return Need(
        expert_id=expert.id,
        weights_gib=weights_gib,
        weights_from=source,
        kv_cache_gib=engine.kv_cache_gib,
        overhead_gib=slot.engine_overhead_gib,
        tensor_parallel=engine.tensor_parallel,
    )


def loaded_gib(
    engine: VllmEngine, weights: Weights | None, *, parameters: int | None, on_cpu: bool
) -> tuple[float, str]:
    """Memory of the weights in their arithmetic type, GiB, and what it was computed from.

    Unknown weights (still on the hub) count by `parameters`, or as nothing where that is silent.
    """
    width = _DTYPE_BYTES.get(engine.dtype) or (4 if on_cpu else None)
    if weights is None:
        source = f"{parameters or 'unknown'} parameters x {width or 2} bytes"
        return (parameters or 0) * (width or 2) / _GIB, source
    weights_gib, disk_gib = weights.memory_gib(bytes_per_float=width), weights.disk_gib
    factor = weights_gib / disk_gib if disk_gib else 1.0
    return weights_gib, f"{disk_gib:.3g} on disk x {factor:g}"


def _vllm(expert: Expert) -> VllmEngine:
    assert isinstance(expert.engine, VllmEngine)
    return expert.engine


def misfit(expert: Expert, weights: Weights | None, slot: Slot) -> str | None:
    """Why an expert cannot run in a slot, `None` when it can."""
    accelerators = max(slot.accelerators, 1)
    if _vllm(expert).tensor_parallel > accelerators:
        spans = _vllm(expert).tensor_parallel
        return f"expert {expert.id!r} spans {spans} accelerators, the slot has {slot.accelerators}"
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

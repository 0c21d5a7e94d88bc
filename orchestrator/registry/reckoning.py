"""Memory that one engine takes: the same sum for the check of a registry and for its placement.

weights as loaded + room for adapters + tensor_parallel * (KV cache + what the process takes)
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.lora import roomy_rank
from orchestrator.registry.weights import Weights

_DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_GIB = 2**30
#: Bytes of a number where no type is told.
_HALF = 2
#: vLLM's kernels for a CPU index an engine's adapters by -1 for tokens that have none, which is the
#: last one: without a place that is never used, and so holds zeros, a base in one batch with its
#: adapters would speak as one of them (0.32.0, vllm/lora/ops/torch_ops/lora_ops.py).
_CPU_EMPTY_PLACES = 1


def float_bytes(engine: VllmEngine, *, on_cpu: bool) -> int | None:
    """Width that floating tensors are loaded in; `None` keeps theirs."""
    return _DTYPE_BYTES.get(engine.dtype) or (_DTYPE_BYTES["float32"] if on_cpu else None)


def loaded_gib(
    engine: VllmEngine, weights: Weights | None, *, parameters: int | None, on_cpu: bool
) -> tuple[float, str]:
    """Memory of the weights in their arithmetic type, GiB, and what it was computed from.

    Unknown weights (still on the hub) count by `parameters`, or as nothing where that is silent.
    """
    width = float_bytes(engine, on_cpu=on_cpu)
    if weights is None:
        source = f"{parameters or 'unknown'} parameters x {width or _HALF} bytes"
        return (parameters or 0) * (width or _HALF) / _GIB, source
    weights_gib, disk_gib = weights.memory_gib(bytes_per_float=width), weights.disk_gib
    factor = weights_gib / disk_gib if disk_gib else 1.0
    return weights_gib, f"{disk_gib:.3g} on disk x {factor:g}"


def lora_places(engine: VllmEngine, *, on_cpu: bool) -> int:
    """What an engine's `max_loras` is told to vLLM as; 0 where it takes no adapters."""
    if engine.max_loras is None:
        return 0
    return engine.max_loras + (_CPU_EMPTY_PLACES if on_cpu else 0)


def lora_rank(engine: VllmEngine, ranks: Iterable[int]) -> int:
    """Rank that an engine makes room for, 0 where it takes no adapters.

    Args:
        engine: of the base.
        ranks: of the adapters that are known.
    """
    if engine.max_loras is None:
        return 0
    given = engine.args.get("max_lora_rank", engine.args.get("max-lora-rank"))
    return int(given) if given else roomy_rank(max(ranks, default=0))


def adapter_bytes(engine: VllmEngine, *, num_sides: int, rank: int, on_cpu: bool) -> int:
    """What vLLM sets aside: every matrix may have an adapter, as many at once as there may be.

    Args:
        engine: of the base.
        num_sides: inputs and outputs of all matrices of the base, together.
        rank: see `lora_rank`.
        on_cpu: where the engine runs.
    """
    width = float_bytes(engine, on_cpu=on_cpu) or _HALF
    return num_sides * rank * width * lora_places(engine, on_cpu=on_cpu)


def engine_gib(engine: VllmEngine, *, loaded_gib: float, overhead_gib: float) -> float:
    """All of it, on all accelerators that the engine spans.

    Args:
        engine: of the expert.
        loaded_gib: its weights as loaded, and the room for adapters.
        overhead_gib: of each of its processes.
    """
    return loaded_gib + engine.tensor_parallel * (engine.kv_cache_gib + overhead_gib)

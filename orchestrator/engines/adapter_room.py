"""How many adapters an engine is started with room for."""

from __future__ import annotations

from orchestrator.registry.models import VllmEngine

#: vLLM's kernels for a CPU index an engine's adapters by -1 for tokens that have none, which is the
#: last one: without a place that is never used, and so holds zeros, a base in one batch with its
#: adapters would speak as one of them (0.32.0, vllm/lora/ops/torch_ops/lora_ops.py).
_CPU_EMPTY_PLACES = 1


def lora_places(engine: VllmEngine, *, on_cpu: bool) -> int:
    """What an engine's `max_loras` is told to vLLM as; 0 where it takes no adapters."""
    if engine.max_loras is None:
        return 0
    return engine.max_loras + (_CPU_EMPTY_PLACES if on_cpu else 0)

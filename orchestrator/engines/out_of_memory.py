"""Which failures of vLLM mean that memory was short, as opposed to anything else.

vLLM has no error of its own for it: what a worker raises crosses processes as text, prefixed by
`Call to ... method failed:` (0.32.0, `v1/engine/core.py`, `_invoke_utility_method`).
"""

from __future__ import annotations

import re

_TEXTS = (
    # PyTorch, on CUDA and HIP: `CUDA out of memory. Tried to allocate 2.00 GiB.` of a tensor and
    # `CUDA error: out of memory` of pinned host memory; vLLM's own pools, at a wake, `CUDA Error:
    # out of memory at ...` (csrc/cumem_allocator.cpp, `CUDA_CHECK`).
    r"(?:CUDA|HIP|XPU)\b.{0,20}\bout of memory\b",
    # Before anything is loaded: v1/worker/utils.py, `request_memory`.
    r"Free memory on device .{0,80}on startup is less than",
    # On a CPU: v1/worker/cpu_worker.py, `determine_available_memory`.
    r"Available memory on node .{0,120}is less than",
    # The C library's, of host memory.
    r"\bCannot allocate memory\b|\bMemoryError\b|not enough memory: you tried to allocate",
)
_PATTERN = re.compile("|".join(f"(?:{text})" for text in _TEXTS), re.IGNORECASE | re.DOTALL)


def out_of_memory(text: str) -> str | None:
    """The words in what vLLM said that tell of too little memory, `None` where it is not that."""
    found = _PATTERN.search(text)
    return found.group().strip() if found else None

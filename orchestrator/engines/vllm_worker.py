"""What vLLM's workers are taught beside their own: methods that our side calls by name.

vLLM makes this class a base of its worker's (0.32.0, `v1/worker/worker_base.py`, `init_worker`), in
each of an engine's processes; a name that the worker has already would end the engine at its start.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from vllm.model_executor.layers.vocab_parallel_embedding import (
    ParallelLMHead,
    VocabParallelEmbedding,
)
from vllm.platforms import current_platform
from vllm.utils.import_utils import import_pynvml


class Taught:
    """What `LiveEngine` asks for by name."""

    #: Set by vLLM's worker.
    device: Any
    model_runner: Any

    def repack_tied_heads(self) -> int:
        """After a reload on a CPU: pack output heads anew that have no weights of their own.

        There a head computes with a packed copy of its weights, made when they are loaded. A head
        that is tied to the embeddings is not loaded with them
        (`model_executor/model_loader/reload/layerwise.py`, `finalize_layerwise_processing`), and so
        would go on with the copy of the weights before. Returns how many there were.
        """
        modules = list(self.model_runner.get_model().modules())
        embedded = {
            id(module.weight)
            for module in modules
            if isinstance(module, VocabParallelEmbedding) and not isinstance(module, ParallelLMHead)
        }
        heads = [one for one in modules if isinstance(one, ParallelLMHead)]
        tied = [head for head in heads if id(getattr(head, "weight", None)) in embedded]
        for head in tied:
            head.quant_method.process_weights_after_loading(head)
        return len(tied)

    def memory_held(self) -> tuple[int | None, int]:
        """Bytes this process holds: of its device, and of pinned host memory, in use or cached.

        The driver's figure for the device has everything: weights and cache as far as they are
        mapped, the CUDA context, graphs and NCCL's buffers. It is `None` where the driver does not
        know this process, as in a container with process numbers of its own. Pinned memory is
        PyTorch's to tell, since processes are not charged for it by the kernel.
        """
        pinned = torch.cuda.host_memory_stats().get("allocated_bytes.current", 0)
        return _device_bytes(self.device.index or 0), int(pinned)


def _device_bytes(visible: int) -> int | None:
    nvml = import_pynvml()
    try:
        nvml.nvmlInit()
        try:
            index = current_platform.visible_device_id_to_physical_device_id(visible)
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            found = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        finally:
            nvml.nvmlShutdown()
    except nvml.NVMLError:
        return None
    own = [process.usedGpuMemory for process in found if process.pid == os.getpid()]
    return int(own[0]) if own and own[0] is not None else None

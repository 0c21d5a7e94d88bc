"""What vLLM's workers are taught beside their own: methods that our side calls by name.

vLLM makes this class a base of its worker's (0.32.0, `v1/worker/worker_base.py`, `init_worker`), in
each of an engine's processes; a name that the worker has already would end the engine at its start.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from vllm.model_executor.layers.vocab_parallel_embedding import (
    ParallelLMHead,
    VocabParallelEmbedding,
)
from vllm.platforms import current_platform
from vllm.utils.import_utils import import_pynvml

#: Bytes of weights that an engine keeps beside those it computes with: part of the memory that it
#: has for itself, `engine_overhead_gib`.
MAX_KEPT = 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Weights in the form in which a CPU computes with them."""

    #: Parameters and buffers, and what was in them.
    copies: Sequence[tuple[torch.Tensor, torch.Tensor]]
    #: Layers, and what multiplies with their packed weights.
    products: Sequence[tuple[torch.nn.Module, Any]]
    num_bytes: int

    @classmethod
    def of(cls, model: torch.nn.Module) -> Kept:
        """The weights that are loaded."""
        tensors = [one for one in chain(model.parameters(), model.buffers()) if one.numel()]
        layers = [one for one in model.modules() if "cpu_linear" in vars(one)]
        copies = [(one, one.detach().clone()) for one in tensors]
        num_bytes = sum(copy.numel() * copy.element_size() for _, copy in copies)
        return cls(
            copies=copies,
            products=[(one, one.cpu_linear) for one in layers],
            num_bytes=num_bytes + sum(_packed_bytes(one) for one in layers),
        )

    def restore(self) -> None:
        """Put all of it back."""
        with torch.no_grad():
            for tensor, copy in self.copies:
                tensor.copy_(copy)
        for layer, product in self.products:
            layer.cpu_linear = product


def _packed_bytes(layer: torch.nn.Module) -> int:
    """At most, of a matrix that is packed: by the sizes that a layer has of its own."""
    sizes = (
        ("input_size_per_partition", "output_size_per_partition"),
        ("embedding_dim", "num_embeddings_per_partition"),
    )
    for width, height in sizes:
        if hasattr(layer, width) and hasattr(layer, height):
            return 4 * int(getattr(layer, width)) * int(getattr(layer, height))
    return MAX_KEPT  # of an unknown size: not kept


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

    def keep_weights(self, name: str) -> bool:
        """Keep the weights that are loaded, for `recall_weights`; whether there is room.

        On a CPU most of a reload of small experts is vLLM's way through its layers and the packing
        of matrices, 24 ms for a million weights: parameters are copied here, packed matrices, of
        which each load makes new ones, held. What was used least lately is dropped.
        """
        kept: dict[str, Kept] = vars(self).setdefault("weights_by_name", {})
        found = Kept.of(self.model_runner.get_model())
        while kept and sum(one.num_bytes for one in kept.values()) + found.num_bytes > MAX_KEPT:
            del kept[next(iter(kept))]
        if found.num_bytes <= MAX_KEPT:
            kept[name] = found
        return name in kept

    def recall_weights(self, name: str) -> bool:
        """Compute with kept weights, whether there are any; what belonged to others is forgotten.

        The same is forgotten as by vLLM (`v1/worker/gpu_model_runner.py`, `reload_weights`).
        """
        kept: dict[str, Kept] = vars(self).get("weights_by_name", {})
        found = kept.pop(name, None)
        if found is None:
            return False
        found.restore()
        kept[name] = found  # the newest now
        self.model_runner.reset_lora_state()
        self.model_runner.reset_encoder_cache()
        self.model_runner.reset_mm_cache()
        return True

    def spare_seeds(self) -> None:
        """On a CPU: draw what is thrown away without the generator of its request.

        Of a prompt that is read in parts, each part draws a token, and all but the last are thrown
        away. vLLM then sets the generator of a request with a seed back
        (`v1/worker/gpu_model_runner.py`, `_bookkeeping_sync`), which those of a CPU cannot be: it
        would end the engine. A generator that did not draw need not be set back, and a seed gives
        the same answer however its prompt was cut.
        """
        runner = self.model_runner
        sample = runner.sample_tokens

        def sample_tokens(grammar_output: Any) -> Any:
            spared = _generators_of_parts(runner)
            try:
                return sample(grammar_output)
            finally:
                runner.input_batch.generators.update(spared)

        runner.sample_tokens = sample_tokens

    def memory_held(self) -> tuple[int | None, int]:
        """Bytes this process holds: of its device, and of pinned host memory, in use or cached.

        The driver's figure for the device has everything: weights and cache as far as they are
        mapped, the CUDA context, graphs and NCCL's buffers. It is `None` where the driver does not
        know this process, as in a container with process numbers of its own. Pinned memory is
        PyTorch's to tell, since processes are not charged for it by the kernel.
        """
        pinned = torch.cuda.host_memory_stats().get("allocated_bytes.current", 0)
        return _device_bytes(self.device.index or 0), int(pinned)


def _generators_of_parts(runner: Any) -> dict[int, torch.Generator]:
    """Take away the generators of requests whose prompts go on, by their rows."""
    batch = runner.input_batch
    is_part = runner.discard_request_mask.np[: batch.num_reqs]
    return {row: batch.generators.pop(row) for row in sorted(batch.generators) if is_part[row]}


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

"""Canaries of fresh engines, one after another in this process."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vllm import LLM
from vllm.distributed import cleanup_dist_env_and_memory
from vllm.inputs import tokens_input
from vllm.lora.request import LoRARequest

from orchestrator.engines import fetched
from orchestrator.engines.canaries import record_canary
from orchestrator.engines.canary import Canary, Conditions, Greedy
from orchestrator.engines.notes import keep_canary
from orchestrator.engines.vllm_expert import load_tokenizer, tokenizer_source
from orchestrator.engines.vllm_greedy import greedy_params, read_greedy
from orchestrator.engines.vllm_live import conditions_of, is_on_cpu
from orchestrator.engines.vllm_settings import engine_arguments
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.lora import check_adapts, read_adapter, roomy_rank
from orchestrator.registry.models import Expert
from orchestrator.registry.weights import read_checkpoint

_MAX_MODEL_LEN = 64
_KV_CACHE_GIB = 0.05


async def record_folder(folder: Path, *, dtype: Any = "auto", base: Path | None = None) -> Canary:
    """Load `folder` into a fresh engine, record its canary and store it beside the weights.

    Args:
        folder: of a model, or of an adapter.
        dtype: arithmetic type of the engine.
        base: of the model that an adapter is put on.

    Raises:
        SwapError: a folder holds no readable checkpoint, or an adapter of another base.
        RegistryError: there is no fast tokenizer.
    """
    weights = base or folder
    checkpoint = read_checkpoint(weights)
    adapter = read_adapter(folder) if base is not None else None
    if adapter is not None:
        check_adapts(adapter, checkpoint)
    expert = _expert(weights, dtype=dtype, max_loras=None if adapter is None else 1)
    arguments = engine_arguments(
        expert,
        source=str(weights),
        on_cpu=is_on_cpu(),
        max_lora_rank=roomy_rank(adapter.rank) if adapter is not None else 0,
    )
    backend = load_tokenizer(expert, tokenizer_source(folder, base=base)).backend_tokenizer
    lora = None if adapter is None else LoRARequest(folder.name, 1, str(folder))
    engine = _InProcess(LLM(**arguments), lora)
    try:
        canary = await record_canary(engine, backend)
    finally:
        engine.close()
    keep_canary(folder, canary, fetched.notebook(), base=base)
    return canary


def _expert(folder: Path, *, dtype: Any, max_loras: int | None) -> Expert:
    settings = VllmEngine(
        max_model_len=_MAX_MODEL_LEN,
        kv_cache_gib=_KV_CACHE_GIB,
        dtype=dtype,
        max_loras=max_loras,
    )
    return Expert(id=folder.name, model=str(folder), engine=settings)


class _InProcess:
    """vLLM's synchronous engine, as far as canaries need one."""

    def __init__(self, llm: LLM, lora: LoRARequest | None) -> None:
        self._llm: LLM | None = llm
        self._lora = lora

    @property
    def conditions(self) -> Conditions:
        assert self._llm is not None
        return conditions_of(self._llm.llm_engine.model_config)

    async def greedy(self, prompt_token_ids: Sequence[int]) -> Greedy:
        assert self._llm is not None
        (output,) = self._llm.generate(
            [tokens_input(list(prompt_token_ids))],
            greedy_params(),
            use_tqdm=False,
            lora_request=self._lora,
        )
        return read_greedy(output)

    def close(self) -> None:
        self._llm = None
        gc.collect()
        cleanup_dist_env_and_memory()
